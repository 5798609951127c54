"""How mail servers say that there is no such mailbox, or no such domain, in the languages they say it in.

See `nkwatch.editing.bounce_words` for how phrases are written.
"""

import re

from nkwatch.editing.bounce_words import Phrases

_WHO = (
    r"(?:user|recipient|addressee|mailbox|account|address|person|customer|member|username|rcpt|local ?part|alias"
    r"|e-?mail)"
)

#: There is no such mailbox, no such domain, or it was closed for good.
GONE = Phrases(
    rf"\bunknown (?:or \w+ )?(?:local |virtual |e-?mail )?{_WHO}",
    rf"\b{_WHO}s?(?: ?name)?:?,?(?: @)?(?: @)? ?(?:is |was |were |are |\()?(?:unknown|not known|not recogni[sz]ed)\b",
    r"\(@?\) unknown\b",
    rf"\bno such (?:local |e-?mail |mail ?)?{_WHO}",
    r"\bno such (?:\w+ )?(?:here|name)\b",
    r"\bno mailbox\b(?! (?:space|quota))",
    r"\bno mail box available for this user",
    r"\bno (?:user|account|one|recipient|person|customer) (?:\w+ )?(?:by|with|at|of) (?:that|this)\b",
    rf"\b{_WHO}(?: name)?,? (?:@ |<@> |\S{{1,40}} )?(?:is |was |could |can ?|were )?(?:not|n't|cannot) (?:be )?found",
    rf"\b{_WHO} (?:@ )?(?:wasn't|couldn't be|can't be|could not be|cannot be|not) (?:found|located)",
    rf"\b{_WHO} [^.;]{{0,40}}(?:was|were|could|can) ?(?:not|n't) (?:be )?found",
    r"recip(?:ient)? ?not ?found",
    r"\bnot found (?:in|recipient|at|on) (?:the |this |domino )?(?:\w+ )?(?:directory|account|server|system|host)",
    r"(?<!if the )(?<!that )(?:\buser|\bmailbox|\baddress|\brecipient|\baccount|\bdomain"
    r"|@)[^.;]{0,40} (?:does ?n.t|doesn't|do not|does not|did not|didn't) exist",
    r"(?<!may )(?<!might )(?<!sender )(?:does not|doesn't|not|no longer) exists?\b(?! or you)",
    r"\bnon-?existent\b|\bnon-?existing\b|\binexistent\b",
    rf"\b{_WHO} ... no longer (?:valid|active|in use|available|accepts?|exists|with|works|employed|on)",
    r"\bunrecogni[sz]ed (?:e-?mail )?(?:address|recipient|user|mailbox)|\bleft the (?:company|organi[sz]ation|firm)\b",
    r"\bno ?such ?user\b|\buser ?(?:not ?found|not ?exist|unknown)\b|\brcpt ?no ?user\b|\bunknown ?user\b",
    r"\bno longer (?:an? )?(?:valid|in use|works? (?:here|at|for)|employed|employee|active|existing)\b",
    r"\b(?:is )?not (?:a |an )?(?:valid|active|known|recogni[sz]ed|local|existing) (?:e-?mail |local )?"
    r"(?:recipient|user|mailbox|address|account|name)",
    rf"\b(?:invalid|illegal|bad|wrong)[ -](?:or \w+ |final |destination |e-?mail |delivery |local )*"
    rf"(?:{_WHO}|userid|destination mailbox)(?! (?:syntax|format|list))",
    r"\b(?:bad|invalid)\s?(?:rcpt ?to|recipient)",
    rf"\b(?:{_WHO}|@\)?) (?:is )?(?:invalid\b|not valid|wrong\b|not local\b)",
    r"\bnot listed in\b|\bnot (?:present |listed )?in (?:the )?(?:name |address |public )*(?:directory|address book)",
    r"\bisn't in my (?:list of )?valid|\bnot in my valid ?rcpt ?to list",
    r"\bin my bad ?(?:rcpt ?to|recipient ?to) list",
    r"\b(?:doesn't|does not) have an? (?:\S{1,60} )?(?:account|mailbox)",
    r"\bhas no (?:such )?(?:mailbox|account)",
    rf"\b{_WHO} ... (?:(?:has|have) been|is|was|are) (?:permanently )?"
    r"(?:disabled|deactivated|discontinued|closed|terminated|deleted|cancell?ed|removed|retired)\b",
    r"\b(?:disabled|deactivated|deleted|closed|terminated) (?:user|mailbox|account|address)",
    rf"\b{_WHO} (?:disabled|deactivated|discontinued|closed|terminated|deleted|cancell?ed)\b",
    rf"\b{_WHO} ... no longer accepts",
    r"\b(?:user|recipient|address) ... (?:has moved|relocated|has been replaced)\b|\bhas been replaced by @",
    r"\bmoved to a new address|\bhas changed (?:his|her|their|its)? ?(?:e-?mail )?address",
    r"recipient address rejected: (?:access denied|unknown|invalid|undeliverable|user|no such|@ \[rcpt to)",
    r"#?5\.1\.0 address rejected|\bundeliverable address\b",
    r"\bnot our (?:customer|user)|\b(?:does not|doesn't) have a (?:final )?(?:e-?mail|mail) delivery",
    # domains
    r"\bunknown (?:mail )?(?:host|domain)|\b(?:host|domain)(?: name)? (?:is )?unknown",
    r"\bno such (?:host|domain)|\b(?:host|domain)(?: name)?(?: @| \S{1,60})? (?:was |could )?not (?:be )?found\b",
    r"\bdomain (?:name )?\S{0,60} ?(?:doesn't|does not|doesnt) exist|\bdomain ... (?:must|may) not exist",
    r"non-?existent ?domain|\bnxdomain\b|\bname or service not known",
    r"\bunrout(?:e)?able (?:mail domain|address|domain)",
    r"\bcouldn'?t find any host|\bcannot find (?:a )?(?:gateway|host|mail server)|\bcould not find a gateway",
    r"\bnull ?mx\b|\b(?:host|domain|host/domain) does not accept (?:mail|e-?mail)",
    r"\bno mx (?:record )?found|\bno (?:valid )?mx records?\b|\bno mail (?:server|exchanger) (?:for|found)",
    r"couldn't find a mail exchanger|no (?:mx|srv|mx or srv) record|record indicated no smtp service",
    r"\bpoint to non-?existent hosts|\ball host address lookups failed permanently",
    r"\b(?:illegal|invalid|bad) (?:host/domain|domain name|host name|destination (?:host|system))",
    r"mail domain ... unknown",
    r"\b(?:no|has no) (?:valid )?mail (?:servers?|exchangers?)\b|\bdomain(?: name)? (?:@ )?is (?:not valid|invalid)\b",
    r"host found but no data record|\bdns error: (?:domain name not found|dns server returned answer with no data)",
    r"\bremote domain doesnt? ?(?:n't )?exist",
    # German
    r"(?:empfänger|benutzer|adressat|nutzer|empfaenger|adresse)(?: ist| \S{1,40})? (?:unbekannt|nicht bekannt"
    r"|ungültig|ungueltig)",
    r"unbekannter? (?:empfänger|empfaenger|benutzer|nutzer|adresse)",
    r"existiert nicht|kein solche[rs]? (?:benutzer|postfach|empfänger)|nicht vorhanden|adresse nicht gefunden",
    r"(?:adresse|empfänger|domain) ... nicht gefunden|ungültige (?:e-?mail-?)?(?:adresse|empfänger)",
    # French
    r"n.existe (?:pas|plus)",
    r"(?:utilisateur|destinataire|adresse|compte)(?: \S{1,40})? (?:est )?(?:inconnue?|invalide|inexistante?)",
    r"(?:bo[iî]te(?: aux lettres)?|adresse (?:e-?mail|[eé]lectronique)) (?:est )?(?:inexistante|inconnue|invalide)",
    r"destinataire ... (?:invalide|inconnu)|introuvable",
    r"inconnue? [aà] cette adresse",
    r"non (?:r.{1,2}pertori|recens).{1,3} dans|n'(?:a|ont) pas [eé]t[eé] trouv",
    r"compte (?:a [eé]t[eé] )?(?:d[eé]sactiv|supprim|ferm)",
    # Spanish, Portuguese, Italian
    r"\bno existe\b|(?:usuario|destinatario|direcci[oó]n|cuenta|buz[oó]n|casilla)(?: \S{1,40})?"
    r" (?:desconocid[oa]|inexistente|no v[aá]lid[oa])",
    r"no se (?:encuentra|encontr[oó]|ha encontrado|pudo encontrar)|cuenta ... (?:desactivada|eliminada|cancelada)",
    r"\bn[aã]o existe\b|(?:usu[aá]rio|utilizador|destinat[aá]rio|endere[cç]o"
    r"|conta|caixa (?:postal|de (?:correio|entrada)))(?: \S{1,40})? (?:desconhecid[oa]|inexistente|inv[aá]lid[oa])",
    r"n[aã]o (?:foi )?(?:p[oô]de ser )?(?:encontrad[oa]|localizad[oa])",
    r"\bnon esiste\b",
    r"(?:utente|destinatario|indirizzo|casella)(?: \S{1,40})? (?:sconosciut[oa]|inesistente|non valid[oa])",
    r"nessun utente|non [eè] stat[oa] trovat[oa]|impossibile trovare",
    # Russian
    r"не существует|(?:пользователь|получатель|адрес|адресат|ящик|домен)(?: @| \S{1,40})? не (?:найден"
    r"|обнаружен|зарегистрирован)",
    r"неизвестн\S{1,3} (?:пользовател|получател|адрес)|нет такого (?:пользовател|адрес|ящик)",
    r"такого (?:пользователя|адреса|ящика) нет",
    # Polish, Czech, Dutch, Swedish, Norwegian, Danish, Finnish, Hungarian, Turkish, Romanian, Ukrainian
    r"\bnie istnieje|nieznan\w+ (?:użytkownik|adres|odbiorc)|nie (?:został[ao]? )?znalezion|\bneexistuj"
    r"|neznám\w+ (?:uživatel|příjemce|adres)",
    r"\bbestaat niet|onbekende? (?:gebruiker|ontvanger|adres)|\bfinns inte|okänd (?:mottagare|användare|adress)",
    r"\bfinn?es ikke|\bfindes ikke|uk(?:jent|endt) (?:mottaker|modtager|bruker|bruger|adresse)|ei ole olemassa"
    r"|tuntematon (?:vastaanottaja|käyttäjä)|\bnem létez|ismeretlen (?:címzett|felhasználó)",
    r"geçersiz (?:alıcı|adres)|(?:alıcı|kullanıcı|adres) ... bulunamadı|\bnu există|не існує",
    r"несуществующ|ящик (?:@ )?(?:был )?удал[её]н",
)
#: The same in scripts without spaces between words, or with breaks anywhere.
GONE_COMPACT = re.compile(
    "(?:存在하지|존재하지)않|없는(?:사용자|계정|메일|이메일|주소|도메인|아이디|수신자)|(?:사용자|수신자|주소|계정|받는사람|도메인|호스트|서버)(?:를|을|가|이)?찾을수없"
    "|(?:주소|아이디|수신자)(?:가|이|는|은|를)?(?:잘못(?:되|입력)|올바르지않|유효하지않)|등록되지않은|등록되어있지않|잘못된(?:메일|이메일|수신|받는사람)?주소|탈퇴한|해지된|삭제된(?:계정|사용자)|알수없는(?:사용자|수신자|주소)"
    "|(?:사용자|수신자|계정)(?:가|이)?없(?:음|습니다)|사용하지않는(?:계정|메일|주소)|수신자불명|도메인이없"
    "|(?:用户|用戶|使用者|收件人|收件者|收信人|邮箱|郵箱|信箱|帐号|帳號|账号|账户|地址|域名|網域)(?:@)?(?:地址|名)?不存在|无此用户|無此使用者|無此用戶|查无此人|查無此人"
    "|(?:找不到|未找到|没有找到|沒有找到)(?:该|該|此)?(?:收件人|用户|使用者|邮箱|地址|域名)|(?:收件人|收信人)(?:的)?(?:邮件)?地址(?:错误|錯誤|有误|無效|无效)"
    "|(?:帐号|帳號|账号)(?:已|被)(?:注销|停用|删除|刪除)|不存在的(?:用户|使用者|收件人|邮箱)"
    "|(?:アドレス|ユーザ|ユーザー|宛先|あて先|受信者|ドメイン|メールボックス)[^。]{0,20}?(?:存在しま|存在しない|見つかりま|見つからな|ありません)"
    "|(?:宛先|あて先|送信先)(?:が|は)?不明|不明な(?:ユーザ|宛先|アドレス)|該当する(?:ユーザ|アドレス)[^。]{0,10}?(?:ありません|いません)"
    "|(?:アドレス|宛先)に?[^。]{0,4}誤り(?:が|です)|アドレスが(?:間違|無効|正しく|誤)|(?:登録|使用|利用)されていま(?:せん)|リストにありません|ディレクトリ[^。]{0,12}?(?:見つかり|ありま)ません"
)
#: A server that speaks of one account, wherever in the session.
ACCOUNT = Phrases(
    r"\b(?:doesn't|does not) have an? (?:\S{1,60} )?(?:account|mailbox)",
    r"\baccount ... (?:disabled|discontinued|closed|deleted)",
    r"\baccount that you tried to reach",
)
#: What mostly means the same, where a server refused a recipient for good and said nothing else.
LIKELY = Phrases(
    r"\bmailbox (?:@ )?(?:is )?(?:unavail?able|not available|currently unavailable)|\bmailbox name not allowed",
    r"\bmailbox ... (?:unavailable|not available)",
    r"\b(?:recipients?|rcpt|address)(?: address(?:es)?)?(?: @)? (?:was |were |is )?(?:rejected|refused|denied"
    r"|not ok|not accepted|inaccessible)",
    r"\b(?:rejected|refused) (?:the |these |your )?(?:recipients?|address)|\bdoes not like recipient",
    r"\bno valid recipients?\b|\ball recipients? (?:\w+ )?(?:refused|rejected|invalid)",
    r"\b(?:user|account|recipient) (?:is )?(?:unavailable|not available|unable to receive)",
    r"\bunable to deliver to this (?:address|user)",
    r"\bcan'?t accept user|\bcannot (?:route|deliver) (?:mail )?to (?:this )?user",
    r"\bis not accepting (?:mail|messages) (?:for|at) this",
    r"\brecipient (?:refuses|does not wish)|\bpossibly incorrect\b|\baddress error\b",
)

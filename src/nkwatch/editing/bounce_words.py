"""How mail servers say why they did not deliver, in the languages they say it in.

Each phrase is a regular expression over text in small letters, in which an address is a lone @ and every run of
spaces is one. Chinese, Japanese and Korean are matched on the text without any spaces, since lines break anywhere.
The phrases are meanings that many servers share, not sentences of one server.
"""

import re

_WORD = r"[^.;]{0,60}?"


def _any(*phrases: str) -> re.Pattern[str]:
    return re.compile("|".join(phrases).replace(" ... ", f" {_WORD} ?"))


_WHO = (
    r"(?:user|recipient|addressee|mailbox|account|address|person|customer|member|username|rcpt|local ?part|alias"
    r"|e-?mail)"
)

#: There is no such mailbox, no such domain, or it was closed for good.
GONE = _any(
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
    r"recip(?:ient)?(?: |_)?not ?found",
    r"\bnot found (?:in|recipient|at|on) (?:the |this |domino )?(?:\w+ )?(?:directory|account|server|system|host)",
    r"(?<!if the )(?<!that )(?:\buser|\bmailbox|\baddress|\brecipient|\baccount|\bdomain"
    r"|@)[^.;]{0,40} (?:does ?n.t|doesn't|do not|does not|did not|didn't) exist",
    r"(?<!may )(?<!might )(?<!sender )(?:does not|doesn't|not|no longer) exists?\b(?! or you)",
    r"\bnon-?existent\b|\bnon-?existing\b|\binexistent\b",
    rf"\b{_WHO} ... no longer (?:valid|active|in use|available|accepts?|exists|with|works|employed|on)",
    r"\bno longer (?:valid|in use|works? (?:here|at|for)|employed|an? (?:employee|active))",
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
    r"recipient address rejected: (?:access denied|unknown|invalid|undeliverable|user|no such|@ \[rcpt_to)",
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
    r"bo[iî]te (?:aux lettres )?inexistante|destinataire ... (?:invalide|inconnu)|introuvable",
    r"inconnue? [aà] cette adresse",
    r"non (?:r.{1,2}pertori|recens).{1,3} dans|n'(?:a|ont) pas [eé]t[eé] trouv",
    r"compte (?:a [eé]t[eé] )?(?:d[eé]sactiv|supprim|ferm)",
    # Spanish, Portuguese, Italian
    r"\bno existe\b|(?:usuario|destinatario|direcci[oó]n|cuenta)(?: \S{1,40})? (?:desconocid[oa]|inexistente"
    r"|no v[aá]lid[oa])",
    r"no se (?:encuentra|encontr[oó]|ha encontrado|pudo encontrar)|cuenta ... (?:desactivada|eliminada|cancelada)",
    r"\bn[aã]o existe\b|(?:usu[aá]rio|utilizador|destinat[aá]rio|endere[cç]o"
    r"|conta)(?: \S{1,40})? (?:desconhecid[oa]|inexistente|inv[aá]lid[oa])",
    r"n[aã]o (?:foi )?(?:p[oô]de ser )?(?:encontrad[oa]|localizad[oa])",
    r"\bnon esiste\b",
    r"(?:utente|destinatario|indirizzo|casella)(?: \S{1,40})? (?:sconosciut[oa]|inesistente|non valid[oa])",
    r"nessun utente|non [eè] stat[oa] trovat[oa]|impossibile trovare",
    # Russian
    r"не существует|(?:пользователь|получатель|адрес|адресат|ящик|домен)(?: @| \S{1,40})? не (?:найден"
    r"|обнаружен|зарегистрирован)",
    r"неизвестн\S{1,3} (?:пользовател|получател|адрес)|нет такого (?:пользовател|адрес|ящик)",
    r"такого (?:пользователя|адреса|ящика) нет",
    r"несуществующ|ящик (?:@ )?(?:был )?удал[её]н",
)
#: The same in scripts without spaces between words, or with breaks anywhere.
GONE_COMPACT = re.compile(
    "(?:存在하지|존재하지)않|없는(?:사용자|계정|메일|이메일|주소|도메인|아이디|수신자)|(?:사용자|수신자|주소|계정|받는사람|도메인|호스트|서버)(?:를|을|가|이)?찾을수없"
    "|등록되지않은|등록되어있지않|잘못된(?:메일|이메일|수신|받는사람)?주소|탈퇴한|해지된|삭제된(?:계정|사용자)|알수없는(?:사용자|수신자|주소)"
    "|(?:사용자|수신자|계정)(?:가|이)?없(?:음|습니다)|사용하지않는(?:계정|메일|주소)|수신자불명|도메인이없"
    "|(?:用户|用戶|使用者|收件人|收信人|邮箱|郵箱|信箱|帐号|帳號|账号|账户|地址|域名|網域)(?:@)?(?:地址|名)?不存在|无此用户|無此使用者|無此用戶|查无此人|查無此人"
    "|(?:找不到|未找到|没有找到|沒有找到)(?:该|該|此)?(?:收件人|用户|使用者|邮箱|地址|域名)|(?:收件人|收信人)(?:的)?(?:邮件)?地址(?:错误|錯誤|有误|無效|无效)"
    "|(?:帐号|帳號|账号)(?:已|被)(?:注销|停用|删除|刪除)|不存在的(?:用户|使用者|收件人|邮箱)"
    "|(?:アドレス|ユーザ|ユーザー|宛先|あて先|受信者|ドメイン|メールボックス)[^。]{0,20}?(?:存在しま|存在しない|見つかりま|見つからな|ありません)"
    "|(?:宛先|あて先|送信先)(?:が|は)?不明|不明な(?:ユーザ|宛先|アドレス)|該当する(?:ユーザ|アドレス)[^。]{0,10}?(?:ありません|いません)"
    "|アドレスが(?:間違|無効|正しく|誤)|(?:登録|使用|利用)されていま(?:せん)|リストにありません|ディレクトリ[^。]{0,12}?(?:見つかり|ありま)ません"
)
#: A server that speaks of one account, wherever in the session.
ACCOUNT = _any(
    r"\b(?:doesn't|does not) have an? (?:\S{1,60} )?(?:account|mailbox)",
    r"\baccount ... (?:disabled|discontinued|closed|deleted)",
    r"\baccount that you tried to reach",
)
#: What mostly means the same, where a server refused a recipient for good and said nothing else.
LIKELY = _any(
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
#: The mailbox is there, and takes nothing more for now; or this mail is too large for it.
FULL = _any(
    r"\bmail ?box (?:@ )?(?:for \S{1,60} )?(?:is |has become |currently )?full",
    r"\binbox (?:is )?(?:currently )?full|\bmailfolder is full",
    r"\bfull mailbox|\bfull inbox|\bover ?(?:the )?(?:\w+ )?quota|\boverquota",
    r"\bquota\b[^.;]{0,60}(?:exceed|limit|full|reached|violat|over)|\b(?:exceed\w*|exceeds|over|out of|reached"
    r"|would exceed)\b[^.;]{0,60}(?:quota|storage|mailbox size|disk space)",
    r"\bquota ?exceed|\bexceed\w* (?:his |her |its |their |the )?(?:\w+ )?(?:quota|storage)",
    r"\b(?:insufficient|not enough|out of|no|low)\b[^.;]{0,30}(?:disk|system|free|storage|mailbox)? ?(?:space"
    r"|storage|resources to)",
    r"\bspace not enough|\bno space left|\bdisk (?:is )?full|\btoo much mail",
    r"\bmailbox (?:size )?(?:limit|exceed)|\bmailbox ... exceed",
    r"\b(?:storage|mailbox|account)[^.;]{0,40} (?:limit|allocation)[^.;]{0,20}(?:exceed|reach)",
    r"\bexceeds? (?:the )?allowed size|\bexceeded the local limit",
    r"\b(?:message|mail|attachment|size|content)[^.;]{0,40}(?:too (?:large|big|long)|exceed\w*|larger than"
    r"|size limit)|\b(?:maximum|max) (?:message |mail )?size",
    r"\bsize limit|\btoo (?:large|big)\b|\bsizelimit|\bsize exceed|databytes limit",
    r"postfach (?:ist )?(?:\w+ )?(?:voll|überfüllt)|speicherplatz|kontingent|zu gro[sß]",
    r"bo[iî]te (?:\S+ ){0,4}(?:est )?(?:pleine|satur)|quota d[eé]pass|espace (?:disque )?insuffisant",
    r"trop (?:volumineux|gros)",
    r"buz[oó]n (?:\S+ ){0,3}(?:est[aá] )?llen[oa]|cuota|caixa (?:\S+ ){0,4}cheia|cota (?:\S+ ){0,3}exced",
    r"casella (?:\S+ ){0,4}piena|spazio (?:\S+ ){0,3}esaurit",
    r"переполнен|превыш\S{1,6} (?:квот|лимит|размер|допустим)|квот|слишком большо",
)
FULL_COMPACT = re.compile(
    "용량|가득|꽉차|공간이?부족|크기(?:가|를)?초과|한도(?:가|를)?초과|(?:邮箱|郵箱|信箱)(?:已|空间|空間)?(?:满|滿|超)|空间不足|空間不足|容量|已满|已滿"
    "|超出.{0,6}(?:限制|大小)|超过.{0,6}(?:限制|大小)"
    "|いっぱい|満杯|サイズ(?:が|の)?(?:上限|制限|超過|大き)|上限を超|制限を超"
)
#: The sender or the route is refused, whoever the recipient may be.
SENDER = _any(
    r"\bsender(?:'s)?(?: \w+)?(?: @)? (?:address |domain |e-?mail |ip )*(?:\S{1,60} )?(?:rejected|denied"
    r"|verify|verification|refused|blocked|unknown|is not|not|does not|could not|was)",
    r"\b(?:invalid|unknown|bad|unverified|unroutable|unresolvable|forged|bogus|no|null"
    r"|empty) (?:envelope )?(?:sender|return[ -]path|mail from|from)\b",
    r"\bdomain of sender|\bsender domain|\breturn address",
    r"\bmail from\b[^.;]{0,30}(?:rejected|refused|denied|not)|\byour (?:domain|ip|host|server|mail server)\b",
    r"\brelay(?:ing)?(?: access)?(?: is)?(?: was)? (?:denied|not|prohibited|refused)",
    r"\b(?:unable|not permitted|not allowed|cannot|refus\w+|do not|don't|won't|no) (?:to )?relay",
    r"\bnot (?:a )?(?:an )?(?:open )?relay|\brelay (?:not|operation)|\ballowed rcpthosts|\brelaying\b",
    r"\b(?:authentication|auth|authorization) (?:is )?(?:required|failed|failure)",
    r"\bmust (?:first )?(?:authenticate|issue)|authrequired|\brequires? authentication",
    r"\bhelo\b[^.;]{0,40}(?:rejected|invalid|refused)|\bmy name was rejected|\bbut sender was rejected",
    r"\b(?:verify|verification) failed for|\bcannot resolve (?:your|sender)",
    r"\bnot (?:authorized|authorised|allowed|permitted) to (?:send|post|use|e-?mail)",
    r"\bbatv\b|\bdelivery not authori[sz]ed|\bmembers? only|\bnot (?:a )?members?\b|non-?members?\b|\bmoderat",
    r"\babsender ... (?:abgelehnt|unbekannt|gesperrt)",
    r"(?:emetteur|exp[eé]diteur) ... (?:invalide|refus|inconnu)|remitente ... (?:rechazad|bloque)",
)
#: A refusal of this mail or of where it came from.
BLOCKED = _any(
    r"\bspam(?!\w*@)|\bjunk\b|\bunsolicited|\bblack ?-?list|\bblock ?-?list|\bblocked\b|\bbanned\b",
    r"\breputation|\bdnsbl|\brbl\b|spamhaus|barracuda\w* ?(?:central|reputation)",
    r"\bcontent (?:filter|reject|restriction|denied)|\bmessage content",
    r"\bmessage (?:was )?(?:rejected|refused|filtered|blocked)|\bvirus|\bmalware|\binfected|\bbulk mail",
    r"\bspf\b|\bdkim\b|\bdmarc\b|\bsender id\b|\breverse dns|\bptr record|\brdns\b|\bunauthenticated",
    r"\bclient host\b|\bgr[ea]y ?-?list",
    r"\brate ?limit|\bthrottl|\btoo many\b|\btoo fast|\brestrict(?:ed|ion)|\brefused due to|\brejected due to",
    r"\bprohibit|\bsecurity polic|\bpolicy (?:reason|violation|reject)|\brejected by (?:policy|user rule)",
    r"\bby the recipient\b|\brecipient preferences|\baccepting mail from specific|\bprotected by|\buser refuses",
)
BLOCKED_COMPACT = re.compile(
    "스팸|차단|수신거부|수신이거부|정책|迷惑メール|拒否|ブロック|垃圾|拒收|黑名单|黑名單|被拦截|被阻|спам|спаме"
)
#: It may go another time.
LATER = _any(
    r"\btemporar|\btry(?:ing)? again|\btry later|\btrying later|\bretry (?:time|timeout|later)|\bsuspend",
    r"\b(?:is |be |currently |temporarily )?(?:locked|frozen)\b|\binactive|\bdormant",
    r"\btime(?:d)?[ -]?out\b|\bexpired\b|\btoo long\b",
    r"\bconnection (?:refused|reset|timed|dropped|lost|closed|failed)",
    r"\b(?:network|host) (?:is )?(?:unreachable|not reachable)|\bno route to host",
    r"\bnot respond|\bdid not respond|\bcan(?:'t|not) connect",
    r"\b(?:could not|couldn't|unable to|wasn't able to) (?:connect|contact|establish|reach)|\bno answer",
    r"\bbusy\b|\boverload|\bunverified address",
    r"\bloop|\btoo many hops|\bhop count|\bmaximum hop|\blookup failure|\blookup failed|\bname resolution",
    r"\bdns (?:error|lookup|timeout|failure)|\bname server",
    r"\b(?:system|local|internal|configuration|software|server|mailer) error|\bi/o error",
    r"\bcommand (?:died|failed|timed|output)|\bcannot open|\bunable to open|\bpermission denied",
    r"\bnot been collected",
    r"\brate\b[^.;]{0,40}prevents|\bstill undelivered|\bnot yet been delivered|\bdelayed\b",
    r"\bwill (?:be retried|continue)|\bservice (?:is )?(?:currently |not )?unavailable|\bcertificate",
    r"\bstarttls|\bmay not exist, or",
    r"vorübergehend|verzöger|zeitüberschreitung|temporairement|momentan[eé]|temporalmente|temporariamente",
    r"temporaneamente|временно|задерж|повтор",
)
LATER_COMPACT = re.compile(
    "일시적|지연|응답(?:이|하지)?(?:없|않)|연결(?:할수없|실패|이거부|하지못)|시간초과|휴면|정지된|一時的|遅延|遅れ|接続でき|応答(?:が|し)|タイムアウト|停止中|暂时|暫時|稍后"
    "|稍後|超时|逾時|连接失败|延迟"
)
#: A name that could not be looked up just now is no name that does not exist.
LOOKUP = _any(
    r"not found, try again",
    r"\bhost name lookup failure",
    r"\btemporary (?:failure|error) in (?:name resolution|mx lookup|dns)",
    r"\bdns (?:lookup )?(?:timeout|timed out)",
    r"\b4\.1\.2\b",
)
#: The content had been sent when the server refused.
AFTER_CONTENT = _any(
    r"\bend of data\b",
    r"\bafter i sent the message",
    r">>> (?:data|\.)(?: |$)",
    r"\bafter (?:the )?(?:data|text|message body)\b",
    r"\bfor (?:text|data) command",
    r"\(state 1[578]\)",
    r"-smtp command data\b",
    r"\bdid not like our (?:data|final data)",
)
#: It was the recipient after all: no recipient was left when the content's turn came.
NO_RECIPIENT = _any(r"\bneed rcpt\b", r"\bno valid recipient", r"\b503 ")

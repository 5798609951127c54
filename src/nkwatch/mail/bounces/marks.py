"""By what a bounce, or the reply of a program, is known: wordings in many languages, senders, header fields."""

import re

#: That a mail was not delivered, or not yet; in subjects, and in the first lines of a note.
FAILURE = re.compile(
    r"undeliver|non-?deliver|not (?:been |yet )*(?:been )?deliver|(?:un|not )able to (?:be )?deliver|fail\w* to deliver"
    r"|deliver\w* (?:\w+ ){0,3}(?:fail|error|problem|notification|report|status|delay|has been delayed)"
    r"|fail\w* (?:\w+ )?deliver"
    r"|(?:could|can)(?: ?not|n't|not) (?:be )?(?:deliver|sent|send|reach)|did n.t reach"
    r"|did not (?:reach|receive)|returned (?:mail|message|to sender)"
    r"|return(?:ing|ed) (?:the |your )?(?:message|mail|to sender)|failure notice"
    r"|mail (?:\w+ )?(?:failure|error)|mail failed|failed mail|trouble deliver"
    r"|(?:was|were|been) (?:automatically )?(?:rejected|returned|bounced)|rejected mail|automatically rejected"
    r"|error (?:sending|during|while|deliver)"
    r"|message (?:frozen|delayed|rejected|refused)|delayed mail|mail delayed|could not send|processing error"
    r"|\[bounce\]|delivery status|mail delivery"
    r"|undelivered|delivery has been|delivery to the following|fatal errors?|delivery errors?"
    r"|mailbox (?:is )?full|user unknown|unknown user|"
    r"doesn't have a|does not exist|transcript of (?:the )?session|failed (?:addresses|recipients?)"
    r"|not been collected|over (?:quota|limit)"
    r"|has been (?:delayed|frozen)|was frozen|couldn't be found|wasn't able to|no longer (?:valid|in use)|was not found"
    # German, Dutch, Swedish, Danish
    r"|unzustellbar|nicht (?:\w+ )?zugestellt|zustell\w* (?:\w+ ){0,3}(?:fehl|nicht|gescheitert)"
    r"|fehl\w* (?:bei der )?zustell|konnte nicht"
    r"|niet (?:\w+ )?(?:bezorg|afgelever)|onbestelbaar|inte (?:\w+ )?levere|olevere|kunne ikke leveres|toimitus"
    # French
    r"|non[ -_]?remis|non d[eé]livr|non distribu|[eé]chec (?:de |d')\w+|n'a (?:pas )?(?:pas )?pu [eê]tre"
    r"|pas [eé]t[eé] (?:remis|d[eé]livr|transmis|distribu)|impossible de (?:remettre|distribuer|d[eé]livrer)"
    r"|n'a pas pu"
    # Spanish, Portuguese, Italian
    r"|no (?:se )?(?:ha )?(?:pudo|puede|podido|pudieron|ha podido)? ?(?:ser )?entreg"
    r"|(?:error|fallo|falla|fracaso) (?:de|en) (?:la )?entrega|no (?:ha sido|fue) entregad|correo devuelto"
    r"|no entregad|mensaje devuelto"
    r"|n[aã]o (?:\w+ ){0,3}(?:entreg|enviad)|falha (?:na|de) (?:entrega|envio)|devolvid[oa]|erro (?:de|na) entrega"
    r"|non (?:[eè] )?(?:stato |stata |recapit|consegn)|mancat[oa] (?:recapito|consegna)"
    r"|impossibile (?:recapitare|consegnare)|errore (?:di|nella) consegna"
    # Russian, Polish
    r"|не (?:было |может быть |удалось )?(?:доставл|доставить|отправл)|недоставл|ошибка доставки|niedostarcz"
    r"|nie (?:\w+ )?dostarcz"
    # Czech, Hungarian, Turkish, Romanian, Ukrainian, Norwegian
    r"|nedoručen|nelze doručit|nepodařilo (?:se )?doručit|kézbesíthetetlen|nem (?:sikerült )?kézbesít"
    r"|teslim edileme|iletileme|nu a putut fi livrat|nu a fost livrat|не доставлен|kunne ikke (?:bli )?lever"
    # Chinese, Japanese, Korean
    r"|退信|退回|(?:投递|投遞|传递|傳遞|发送|發送|送达|送達|寄送)(?:失败|失敗|不成功)|(?:无法|無法|不能|未能)(?:\S{0,8})?(?:投递|投遞|传递|傳遞|送达|送達|发送|發送|递送|遞送|寄)"
    r"|配信(?:不能|エラー|でき|に失敗|不可)|送信(?:エラー|失敗|でき|に失敗)|(?:送達|配達|配送|お届け)(?:でき|不能|エラー)|不達|エラーメール|届けられ|届きません|返送"
    r"|반송|(?:발송|전송|배달|전달|발신|수신|송신) ?(?:이 |에 |을 )?(?:실패|오류|불가|지연|되지|하지"
    r"|할 수 없|될 수 없|하지 못|안내)"
    r"|보내지 못|보낼 수 없|전달할 수 없|배달 ?못",
    re.IGNORECASE,
)
#: A subject of somebody who answers or passes on.
ANSWER = re.compile(
    r"\s*(?:re|aw|fw|fwd|sv|vs|wg|tr|rv|antw|答复|回复|回覆|转发|轉寄|返信|転送|답장|회신|전달)\s*(?:\[\d+\])?\s*[:：]",
    re.IGNORECASE,
)
#: Who sends bounces: local parts, and names that are shown.
DAEMON = re.compile(
    r"^(?:<>|mail(?:er)?[-_. ]?daemon|mdaemon|maildaemon|mail[-_.]?delivery(?:[-_.]\w+)*|delivery[-_.]?\w*"
    r"|bounces?|e500_smtp\w*|mailadm|mail-?er|"
    r"microsoftexchange\w+|imss|postfix|symantec_\w+|mailmaster|mail[-_]?system|returns?)(?:[+.-]\S*)?$",
    re.IGNORECASE,
)
DAEMON_NAME = re.compile(
    r"mail ?deliver|delivery (?:sub)?system|mail(?:er)?[- ]?daemon"
    r"|mail (?:transfer|transport|router|system|server|relay|gateway)|internet mail|"
    r"courier mail|jetmail|microsoft (?:exchange|outlook)|exchange server|interscan|メール(?:配信|送信)?システム"
    r"|메일 ?(?:시스템|서버|관리자)|系统管理员|system administrator",
    re.IGNORECASE,
)
#: Addresses that persons write from as well.
CARETAKER = re.compile(
    r"^(?:post[-_.]?master|mail[-_.]?admin\w*|admin\w*|root|system|sys[-_.]?admin|no[-_.]?reply"
    r"|do[-_.]?not[-_.]?reply|info|sysadmin\w*|support|mail|ndr|(?:smtp|mailgw|inetgw|gateway|mta|mx)\S*"
    r"|\S*system\S*)$",
    re.IGNORECASE,
)
#: A line above the mail that came back.
ORIGINAL_FOLLOWS = re.compile(
    r"^[ \t>|*]{0,20}(?:-{2,90}|={3,90}|\*{3,90}|_{3,90}|\+{20,90}|\|-{1,90})?[ \t]{0,20}(?:"
    r"(?:the |your )?(?:original|returned|unsent|undelivered|non-?delivered|bounced|source) (?:message"
    r"|mail)s?(?: text| headers?| body| info| details| as)?[^\n]{0,40}(?:follows?|below|attached|is following"
    r"|:)?"
    r"|below (?:this|the next) line is a copy"
    r"|(?:this|here|included|the following|attachment) is a copy of (?:the|your)|here is (?:a copy|your)"
    r"|begin (?:returned|original) message"
    r"|(?:start|begin)(?:ning)? of (?:the )?(?:returned|original)"
    r"|message (?:header|text|body|headers)s?(?: and \w+)? follows?"
    r"|(?:returned|original|old) mail(?: follows)?|copy of (?:the )?(?:message|mail|original)"
    r"|the (?:header|first|original)s? (?:and |of |lines|top|\d)[^\n]{0,60}(?:follow|attached|is following)"
    r"|a (?:summary|copy) of the (?:un)?(?:delivered|original)?[^\n]{0,30}follows?|header of the source mail"
    r"|original message headers?:?|forwarded message|old message|mensaje original|message d'origine"
    r"|tes de message d'origine|intestazioni originali|ursprungshuvuden|ursprüngliche nachricht"
    r"|originalnachricht"
    r"|message headers? follows?|original mail as follows|원본 ?(?:메일|메시지|편지)"
    r"|원문|元のメール|原信|原邮件|原始邮件|オリジナルメッセージ"
    r"|送信されたメール|исходное (?:сообщение|письмо)"
    r")[^\n]{0,60}$",
    re.IGNORECASE | re.MULTILINE,
)
#: Fields by which programs say that they answered by themselves, from before RFC 3834.
ROBOTS = (
    "X-Autoreply",
    "X-Autorespond",
    "X-Autoresponder",
    "X-Auto-Reply",
    "X-Auto-Reply-From",
    "X-Mail-Autoreply",
    "X-Vacation",
    "X-Autogenerated-Reply",
)
#: Absences, receipts, challenges: how their subjects begin.
AUTO_REPLY = re.compile(
    r"\s*(?:\[?auto(?:matic)?(?:ally)?[-: ]?(?:re(?:ply|sponse|spuesta)|answer|antwort|svar|generated reply)"
    r"|auto ?: |auto:|autoreply|autosvar"
    r"|(?:i am |i'm )?(?:currently )?(?:out of (?:the )?office|on (?:vacation|holiday|leave)|away from)"
    r"|vacation|away:|ooo\b|absent|office closed"
    r"|read:|read receipt|return receipt|receipt:|disposition notification|delivery receipt|gelesen:|lu ?:"
    r"|le[ií]do:|lido:|letto:|開封済|읽음"
    r"|abwesen|automatische (?:antwort|abwesen|r[eé]ponse)|r[eé]ponse automatique|absence|en cong[eé]"
    r"|respuesta autom|fuera de (?:la )?oficina|ausente"
    r"|resposta autom|fora do escrit|ausência|risposta automatica|fuori (?:sede|ufficio)|assenza|автоответ"
    r"|автоматический ответ|нет на месте|в отпуске"
    r"|自動(?:返信|応答|回答)|不在|休暇|自动(?:回复|答复)|自動(?:回覆|回應)"
    r"|外出|休假|자동 ?(?:응답|회신|답장)|\[자동|부재 ?중|휴가|출장"
    r"|(?:please )?(?:confirm|verify) (?:your|that) (?:message|e-?mail|mail|you)|challenge"
    r"|your (?:e-?mail|message) requires (?:verification|confirmation)"
    r"|\[?automatyczna odpowied|odpowied[zź] automatyczna|\[?autoodpowied|nieobecno|poza biurem"
    r"|thank you for (?:your (?:e-?mail|message|mail|inquiry)|contacting)"
    r"|.{0,300}[(\[](?:auto(?:matic|mated)?[- ]?(?:response|reply|answer)|out of (?:the )?office)[)\]]$)",
    re.IGNORECASE,
)
ABSENCE = re.compile(
    r"i am (?:currently )?(?:out of|away|on (?:vacation|leave|holiday)|not in the office)"
    r"|i will be (?:out|away|back|travel)|will be out of (?:the )?office|automatische antwort"
    r"|r[eé]ponse automatique|자동 ?(?:응답|회신)|自動返信|自动回复",
    re.IGNORECASE,
)
#: A server goes on trying. East Asian wordings are looked for in the text without its spaces.
DELAY = re.compile(
    r"warning (?:message )?only|just a warning|(?:do|does) not need to re-?send|no action is required"
    r"|ha(?:s|ve) not yet been delivered|delivery attempts will continue|will be (?:retried|re-?attempted)"
    r"|will (?:continue|keep|go on) (?:trying|to try|to attempt|attempting|retrying|to retry)"
    r"|will (?:re)?try (?:again|for)"
    r"|still (?:being retried|undelivered|trying)|could not send (?:the |your )?message for (?:the )?past"
    r"|delivery (?:\w+ ){0,3}(?:has been|is|was|being) delayed|\(delay(?:ed)?\)|delayed (?:mail|message|delivery)"
    r"|(?:mail|message|delivery) (?:\S{1,40} )?(?:delayed|delay\b)|delivery incomplete"
    r"|verzögert|weitere zustellversuche|weiter(?:hin)? versucht|lediglich eine warnung|nur eine warnung"
    r"|remise (?:\w+ ){0,3}retard|a [eé]t[eé] retard|nouvelles? tentatives?|essaiera (?:de )?(?:nouveau|encore)"
    r"|se ha retrasado|entrega retrasada|seguir[aá] intent|volver[aá] a intentar"
    r"|entrega atrasada|continuar[aá] (?:a )?tenta|ritardat|continuer[aà] a (?:ri)?(?:prov|tent)"
    r"|задержан|попытки доставки (?:будут )?продолж",
    re.IGNORECASE,
)
DELAY_COMPACT = re.compile(
    "(?:配信|配送|送信|送達|配達)(?:が|は|に)?(?:遅延|遅れ)|引き続き(?:配信|配送|送信|再送)|再(?:送信?|試行|配送)(?:を(?:続|行い|試み)|します|いたします|され)"
    "|(?:발송|전송|배달|전달|수신)(?:이|가)?지연(?:되|알림|안내|중)|계속(?:해서)?(?:재)?(?:시도|전송|발송)|다시(?:전송|발송)(?:을)?(?:시도)?(?:합|할|하겠)"
    "|(?:投递|投遞|发送|發送|送达|送達|传递|傳遞)(?:已|被)?(?:延迟|延遲)|(?:将|將|会|會)(?:继续|繼續)?(?:尝试|嘗試|重试|重試)|(?:继续|繼續)(?:尝试|嘗試)"
)
#: And these say that it does not, whatever was said of the delay before.
GIVEN_UP = re.compile(
    r"g(?:iving|iven|ave) up|(?:deleted|removed) from (?:the |our )?(?:mail )?queue|queue too long|not going to try"
    r"|no (?:further|more) (?:delivery )?attempts|will not (?:be retried|(?:re)?try)|unrecoverable|retry time(?:out)?"
    r"|(?:delivery|message) (?:has |time )?expired|permanent (?:fatal )?(?:error|failure)s?\b"
    r"|could not be delivered for \d"
    r"|nicht mehr versucht|endgültig",
    re.IGNORECASE,
)

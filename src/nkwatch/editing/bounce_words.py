"""How mail servers say why they did not deliver, in the languages they say it in.

Each phrase is a regular expression over text in small letters, in which an address is a lone @ and every run of
spaces is one. Chinese, Japanese and Korean are matched on the text without any spaces, since lines break anywhere.
The phrases are meanings that many servers share, not sentences of one server.
"""

import re
from functools import cached_property

_WORD = r"[^.;]{0,60}?"


class Phrases:
    """What matches one of these; three dots stand for a few words within a sentence.

    Compiled when it is first looked for: that takes a moment, and a start is not to wait for it.
    """

    def __init__(self, *phrases: str) -> None:
        self._phrases = phrases

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        return re.compile("|".join(self._phrases).replace(" ... ", f" {_WORD} ?"))

    def search(self, text: str) -> re.Match[str] | None:
        """Where one of them stands first in `text`; None where none does."""
        return self._pattern.search(text)


#: The mailbox is there, and takes nothing more for now; or this mail is too large for it.
FULL = Phrases(
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
SENDER = Phrases(
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
BLOCKED = Phrases(
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
LATER = Phrases(
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
LOOKUP = Phrases(
    r"not found, try again",
    r"\bhost name lookup failure",
    r"\btemporary (?:failure|error) in (?:name resolution|mx lookup|dns)",
    r"\bdns (?:lookup )?(?:timeout|timed out)",
    r"\b4\.1\.2\b",
)
#: The content had been sent when the server refused.
AFTER_CONTENT = Phrases(
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
NO_RECIPIENT = Phrases(r"\bneed rcpt\b", r"\bno valid recipient", r"\b503 ")

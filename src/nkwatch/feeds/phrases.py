"""The phrases by which boilerplate is known, in English, Korean, Japanese, French and Spanish.

No pattern repeats what may itself repeat: hostile lines cost no more than their length.
"""

import re

#: Code points of a line in which a rule may hold. Longer ones are text; this also bounds what the patterns cost.
BUTTONS, CALL, LABEL, APPEAL = 150, 400, 300, 1_200
#: An appeal longer than this says so more than once.
SHORT_APPEAL = 300
#: What WordPress adds to every entry, in the languages it was seen in.
TRAILERS = (
    ("The post ", " appeared first on "),
    ("L’article ", " est apparu en premier sur "),
    ("L'article ", " est apparu en premier sur "),
    ("La entrada ", " se publicó primero en "),
    ("La entrada ", " aparece primero en "),
    ("Der Beitrag ", " erschien zuerst auf "),
    ("投稿 ", " に最初に表示されました"),
)
LONGEST_TRAILER = 600


def _any(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns))


def _listed(lines: str) -> frozenset[str]:
    return frozenset(" ".join(line.split()) for line in lines.split(";"))


_SHARING = (
    "share|tweet|print|e-?mail|facebook|twitter|whatsapp|telegram|linkedin|pinterest|reddit|instagram"
    "|youtube|messenger"
    "|kakaotalk|bluesky|mastodon|flipboard|bookmark|donate|subscribe|newsletter|menu|login|embed|skip|toggle"
    "|accessibility|partager|imprimer|tweeter|s'abonner|compartir|imprimir|tuitear|suscribirse|donar"
)
_SHARING_CJK = (
    r"공유(?:하기)?|인쇄(?:하기)?|프린트|스크랩|페이스북|트위터|카카오톡|카카오스토리|밴드|인스타그램|유튜브|텔레그램"
    r"|후원하기|기부하기|구독하기|(?:글자|글씨) ?크기|바로가기|메뉴|로그인|회원가입|이전 ?글|다음 ?글|목록"
    r"|(?:url|주소) ?복사"
    r"|シェア|ツイート|共有|印刷|フェイスブック|ツイッター|ブックマーク|メニュー|ログイン|会員登録"
    r"|寄付する|メルマガ登録|本文へ|はてな"
)
_BESIDE_SHARING = (
    "a|access|amnesty|app|article|articulo|artículo|by|cet|cette|close|comments?|content|copy|correo"
    "|courriel|don|download"
    "|electrónico|en|envoyer|enviar|este|faire|follow|form|home|icon|in|like|line|link|links|log|mail"
    "|main|more|navigation"
    "|now|on|open|options|page|par|pdf|por|post|print|register|reply|save|search|select|send|sign|signal"
    "|size|story|sur"
    "|text|the|this|threads|to|un|up|url|us|via|with|x"
)
_BESIDE_SHARING_CJK = (
    "기사|본문|으로|에서|에|로|보내기|메일|크게|작게|보통|확대|축소|블로그|네이버|전체|닫기|열기|검색|홈"
    "|이전|다음|복사|하기|가"
    "|メール|送る|この|記事|ページ|ホーム|検索|文字サイズ|閉じる|移動|スキップ|する|で|を|に|大|中|小"
)
STRONG_BUTTON = re.compile(rf"(?<![^\W\d_가-힣ぁ-ヿ一-鿿])(?:{_SHARING})(?![a-zà-ÿ])|{_SHARING_CJK}")
BUTTON = re.compile(
    rf"(?<![^\W\d_가-힣ぁ-ヿ一-鿿])(?:{_SHARING}|{_BESIDE_SHARING})(?![a-zà-ÿ])|{_SHARING_CJK}|{_BESIDE_SHARING_CJK}"
)

#: Whole lines that head, part or close the pages of many sites; written as `_folded` leaves them.
FURNITURE = _listed(
    """
    accessibility links; advertisement; advertising; article continues below; article continues after advertisement;
    back to top; breaking news; by topic; close; comments; continue reading; cookie settings; embed share;
    filter by country; filter by type; filter by topic; for immediate release; go to top; learn more; live; load more;
    main menu; media advisories; media contact; media contacts; more on this story; most popular; most read;
    most viewed; news release;
    no media source currently available; organization profile; pause; play; please wait; pop-out player;
    press release; press releases; previous; read more; recommended; related; related articles; related content;
    related news; related posts; related stories; search; search results; see more; show more; sort by; sponsored;
    story continues below; story continues below advertisement; tags; the code has been copied to your clipboard;
    the url has been copied to your clipboard; this statement can be found online at; top stories; trending;
    view comments; watch live; direct link; width px height px; scroll to continue; you may also like;
    관련 기사; 관련기사; 관련 글; 관련글; 관련 뉴스; 많이 본 기사; 많이 본 뉴스; 인기 기사; 광고;
    더 보기; 더보기; 첨부파일; 보도자료;
    이전기사; 다음기사; 댓글; 추천 기사; 주요 기사; 실시간 뉴스; 기사 더보기; 맨 위로;
    関連記事; 関連リンク; 関連ニュース; 広告; 続きを読む; もっと見る; 人気記事; おすすめ記事;
    プレスリリース; ページトップへ; ページの先頭へ;
    トップへ戻る; コメント; 一覧へ戻る; 前の記事; 次の記事;
    à lire aussi; lire aussi; voir aussi; lire la suite; en savoir plus; publicité; communiqué de presse; haut de page;
    articles similaires; sur le même sujet; les plus lus; pour diffusion immédiate; menu principal;
    lea también; lee también; leer más; ver más; publicidad; comunicado de prensa; artículos relacionados;
    noticias relacionadas; lo más leído; para publicación inmediata; volver arriba; menú principal
    """
)
#: Where a trail of links to the page begins.
SECTIONS = _listed(
    """
    home; news; latest news; media; media centre; media center; newsroom; press; press release; press releases;
    statements; media advisories; publications; reports; 홈; home page; 뉴스; 소식; 보도자료; 성명; 알림;
    알림마당; ホーム; トップ; ニュース;
    お知らせ; プレスリリース; トップページ; accueil; actualités; communiqués; presse;
    inicio; noticias; comunicados; prensa
    """
)
TRAIL = re.compile(r"\s+[>›»|·•→/]\s+|\s*[>›»＞]\s*")
LONGEST_TRAIL_PART = 40

_NETWORKS = r"(?:facebook|twitter|x|instagram|youtube|linkedin|telegram|whatsapp|tiktok|bluesky|mastodon|threads|weibo)"
_OPENING = r"^(?:please |click here to |don't forget to |you can |to |and )?"
#: A sentence that asks the reader to do something for the site, or with it.
CALLS = _any(
    # English
    _OPENING
    + r"(?:subscribe|sign up|register|join)\b.{0,60}\b(?:newsletters?|mailing list|e-?mails?|alerts|updates|briefing"
    r"|channel|podcast|bulletin|for free)\b",
    _OPENING + r"subscribe(?: to [^,:;]{1,40}| now| today| here)?$",
    r"\b(?:to|in) your inbox\b|\bnever miss an? (?:beat|story|update|thing)\b",
    _OPENING + rf"(?:follow|like|find|join|connect with|watch) .{{1,40}} on {_NETWORKS}\b",
    _OPENING + r"(?:share|tweet|print|e-?mail|forward|bookmark|save) (?:this|the)"
    r" (?:article|story|page|post|release|news)\b.{0,30}$",
    _OPENING + rf"share (?:this )?(?:on|via|to) {_NETWORKS}\b",
    r"^(?:click|tap) (?:here|below|on the link)\b.{0,60}$",
    r"^(?:read more|read also|also read|see also|related|more on this)\s?:",
    _OPENING + r"(?:download|get|install) (?:our|the .{0,30}) app\b",
    _OPENING + r"listen to (?:this|our) (?:article|story|podcast|episode)\b",
    r"^(?:leave a (?:comment|reply)|comments are closed|(?:log|sign) in to (?:comment|continue|read))\b",
    r"^(?:advertisement|sponsored content|(?:story|article) continues (?:below|after)"
    r"|scroll (?:down )?to continue)\b.{0,40}$",
    r"^(?:this (?:web)?site uses|we use) cookies\b|^by continuing to (?:use|browse)\b|^(?:accept"
    r"|manage) (?:all )?cookies\b",
    r"^your browser (?:does not|doesn't) support\b|^please enable javascript\b",
    r"^select this search icon\b",
    # Korean
    r"(?:뉴스레터|소식지|메일링).{0,20}(?:구독|신청|받아)|구독\s?(?:하기|신청|과 좋아요|해 ?주세요|버튼)",
    r"(?:페이스북|트위터|유튜브|인스타그램|카카오톡|텔레그램|채널).{0,25}(?:팔로우|구독|친구 ?추가|좋아요"
    r"|공유)(?:하기|하세요|해 ?주세요|하십시오|를 눌러.{0,10})?$|좋아요.{0,8}눌러",
    r"(?:정기 ?|일시 ?)후원.{0,20}(?:하기|신청|바랍니다|부탁|주세요)|후원(?:하기|\s?계좌|\s?문의"
    r"|해 ?주세요|을 부탁)|기부(?:하기|해 ?주세요)",
    r"^(?:기사 ?)?제보(?:하기|는|를 기다립니다)|^앱 ?다운로드|^(?:이 )?기사(?:를)? 공유",
    # Japanese
    r"(?:メールマガジン|メルマガ|ニュースレター).{0,20}(?:登録|購読|はこちら)|(?:ご寄付|寄付"
    r"|ご支援).{0,15}(?:お願い|はこちら|お待ち|受付)",
    r"(?:シェア|ツイート|フォロー)(?:する$|してください|はこちら|お願い)|^(?:詳しくは|続きは)こちら"
    r"|こちらをクリック|チャンネル登録",
    # French
    r"^(?:abonnez-vous(?! ?,)|suivez-nous|rejoignez-nous sur|faites un don|soutenez(?:-nous| notre| nos)"
    r"|cliquez ici|téléchargez l'app)\b",
    r"^(?:inscrivez-vous|recevez)\b.{0,60}\b(?:newsletters?|lettre d'information|actualités|infos|mails?)\b",
    r"^partagez (?:cet|cette|l'|sur)|^(?:à )?lire aussi\s?:|^(?:tous les )?commentaires sont fermés",
    # Spanish
    r"^(?:suscríbete|suscríbase|síguenos|síganos|ha(?:z|ga) (?:una|tu|su) donación|dona (?:ahora|hoy|aquí)"
    r"|apoya nuestro)\b",
    r"^(?:recibe|reciba|regístrate|inscríbete)\b.{0,60}\b(?:boletín|newsletter|noticias|correo)\b",
    r"^compart(?:e|ir|a) (?:este|esta|en|por) |^le[ae] también\s?:|^(?:haz|haga) clic aquí"
    r"|^descarga (?:nuestra|la) (?:app|aplicación)",
    # rights in the page, not of people
    r"^(?:©|ⓒ|\(c\)|copyrights?\s?(?:©|ⓒ|\(c\)|\d{4}))|\ball rights reserved\b|\btous droits réservés\b"
    r"|\btodos los derechos reservados\b|無断(?:転載|複製)|禁無断転載|무단\s?(?:전재|복제|배포)"
    r"|재배포\s?금지|^[<\[(]?저작권자",
)
#: An appeal for money to those who read, not to donors of aid.
APPEALS = _any(
    r"(?:^|[.!?] |please )donate (?:now|today|here|online|monthly)\b|\bdonation method\b|\bplease donate\b",
    r"\bmake (?:a|your) (?:\w{1,20} )?(?:donation|gift)\b|\b(?:your|every|monthly|generous"
    r"|tax-deductible) (?:donation|gift)s?\b",
    r"\b(?:your|monthly|tax-deductible) (?:financial )?contributions?\b",
    r"^become an? (?:\w{1,20} )?(?:member|donor|supporter|sustainer|patron)(?: today| now|[.!]|$)",
    r"\bplease (?:chip in|give what|consider (?:donating|a donation|giving|making a (?:donation|gift)))",
    r"\b(?:support|fund) (?:our|independent) (?:work|journalism|reporting|newsroom)\b|^give (?:now|today|monthly)\b",
    r"^(?:faites|faire) un don\b|\bvotre don\b|^(?:haz|haga) (?:una|tu|su) donación\b|\b(?:tu|su) donación\b",
    r"후원 ?계좌|정기 ?후원|후원해 ?주(?:세요|십시오)|후원금은|ご寄付|寄付のお願い",
)
#: What appeals say besides; alone it means nothing.
BESIDE_APPEALS = _any(
    r"\bpeople like you\b",
    r"\bwe need you\b",
    r"\bwithout your support\b",
    r"\bwith your (?:help|support)\b",
    r"\bif you can help\b",
    r"\breader-supported\b",
    r"\bwe don't (?:survive|want|accept|take|have)\b",
    r"\badvertis(?:ing|ers)\b",
    r"\bour (?:readers|supporters|donors)\b",
    r"\bnon-?profit\b",
    r"\bthe world we (?:live in|cover)\b",
    r"\bwe (?:rely|depend) on\b",
    r"\bevery (?:dollar|penny|cent|euro|pound)\b",
    r"\bpaywalls?\b",
    r"\bcan't do it alone\b",
    "여러분의|큰 힘이",
    "皆さま|皆様のご",
)
#: Somebody is quoted: then it is news that somebody asks.
SAID = _any(
    r"\b(?:said|says|told|urged|called on|calls on|according to|adding|added)\b",
    r"\b(?:a déclaré|selon|según|dijo|declaró|afirmó)\b",
    r"(?:말했|밝혔|전했|촉구|호소했)|(?:述べた|語った|訴えた|求めた)",
)
CONTACT = _any(
    r"^(?:(?:media|press) )?contacts?(?: (?:for|details|information|presse|médias|de prensa"
    r"|para medios).{0,40})?\s?[:：]",
    r"^(?:for|to) (?:more|further|media|press|interview|arrange).{0,80}\b(?:contact|call|e-?mail|write)\b",
    r"^contactos? (?:de prensa|para)|^pour (?:plus|tout).{0,60}contact|^para (?:más|mayor).{0,60}contact",
    r"^(?:언론 ?|보도 ?)?(?:문의|담당|연락처)|^(?:報道.{0,10})?(?:お問い?合わ?せ|連絡先)",
)
REACHED_AT = re.compile(r"[\w.+-]@[\w-]|\+?\d[\d ().-]{6,}\d")
CAPTION = _any(
    r"^\((?:files?|archives?|file photo)\)|^files?(?: photo| picture)?\s?[-–—:]\s|^(?:자료 ?사진|【資料】)",
    r"^(?:photo|image|picture|foto|credit|photo credit)(?: by| courtesy of)?\s?[:©/|]"
    r"|^[\[(<▲△]?\s?사진\s?(?:제공\s?)?[=:/].{0,80}$|^写真\s?[:：＝].{0,120}$",
    r"(?:©|\(c\))\s?\d{4}\b.{0,60}$",
    r"(?:/|\bphotos? by |\bimages? by )\s?(?:ap|afp|reuters|getty(?: images)?|epa|kyodo|kcna|yonhap|xinhua"
    r"|연합뉴스|뉴스1)(?: photo| images)?\)?\.?$",
    r"사진\s?=\s?\S{1,20}$",
)
CLOCK = re.compile(r"\d{1,2}(?::\d\d){1,2}")
PLAYER = re.compile(r"\d{1,2}(?::\d\d){1,2}|xs|sm|md|lg|xl|auto|\d{3,4}p|\d+(?:\.\d+)?mb|[-/|]|live")
SENTENCE = re.compile(r"(?<=[.!?])\s+|(?<=[。！？])")
EMPTY_LINES = re.compile(r"\n{3,}")

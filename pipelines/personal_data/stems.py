"""Beginnings of words by which the numbers of people's papers, and days of birth, are called in many languages."""

import unicodedata

FIRST_UNSPACED = "\u0e00"  # of Thailand, Laos, China, Japan, Korea
LETTERS = str.maketrans("łıøđæ", "liode")  # that no accent makes


def plain(text: str) -> str:
    """Write a text in small letters without accents."""
    if text.isascii():
        return text.casefold()
    split = unicodedata.normalize("NFKD", text.casefold())
    return unicodedata.normalize("NFC", "".join(c for c in split if not unicodedata.combining(c))).translate(LETTERS)


def _set(words: str) -> frozenset[str]:
    return frozenset(map(plain, words.split()))


# Papers are called by the beginning of a word, by that of what issues them beside a word for numbers or with one at its
# end (skattenr), or by what they permit beside a word for that.
PAPER_STEMS = _set(
    "passpo passap pasapo passep paspo pasport pasipo paszpo utlevel putovn паспорт пасош διαβατηρ "
    "fuhrersch fuehrersch rijbewij korkort koerekort korekort forerkort ajokort juhilo juhiluba ehliyet "
    "jogositv habilitac"
)
ISSUER_STEMS = _set(
    "passi passn pasnr tax fisc steuer skatt veron maksu vergi porez danov danoc davcn даноч данъч подат "
    "налог podat nalog adoaz φορολ tatim mokesc nodok soliq impuest impot tribut contribuy contribui "
    "pajak belasting insur health hlth citizen voter nhs medicare medical socins kranken versich mutuel "
    "assur segur sigort social sozial ziekenf zorgverz sygesik forsakr forsikr sairaus kela haigek "
    "ravikind zdrav zdrow здрав osigur осигур ubezp pojist poisten biztos sgk bpjs sugurt sanat salud "
    "saude salute shendet ασφαλ chifa vitale isapre bima policyhold"
)
WHOLE_ISSUERS = _set("pas pass pp sante sus eps soc med ins vero skat permis")
DRIVING_STEMS = _set("driv drvr drv conduc condui cond manej guida vozac vozn vodic ridic возач водит водій drejt")
LICENCE_STEMS = _set("lic permi perm leje dozvol дозвол patent carnet")
NUMBER_NAMES = _set(
    "nr no nbr num number nummer numer numero nro numri nomor nomeris numurs namba nomba raqam raqami "
    "cislo c br broj stevilka szam card karta kart kort carte carnet tarjeta kaadi numru numeru so "
    "shumara lambar nambari nimewo бр број номер номери нөмір номір αρ αριθμος رقم شماره نمبر ნომერი "
    "ნომრის համար नं नंबर नम्बर क्रमांक নম্বর নং નંબર ନମ୍ବର எண் సంఖ్య నంబర్ ಸಂಖ್ಯೆ നമ്പർ หมายเลข เลขที่ "
    "ቁጥር"
)
NUMBER_ENDINGS = ("nr", "no", "nbr", "num", "nummer", "numer", "numero", "number")
NAME_LINKS = _set("s de di do da of ya la le the for y et i")
OF_BIRTH = _set("dob bday ddn geb nac nasc naiss nar rodj szul ur fodt datelindja ibi")  # in names of columns of dates
UNSPACED_NUMBERS = ("号", "號", "번호", "หมายเลข", "เลข")  # at the end, or anywhere, of a word of such a script
BIRTH_STEMS = tuple(
    _set(
        "birth geburt geboren naissan nacimien nascimen nascit urodz naroz rodjen szulet syntym fodsel fodels "
        "dogum naster gimim dzims lindj dzim sundin fæðing naixem nacem zaliwa zalwa lahir tugil tugul kapanga "
        "ipinanga geboor breith twelid jaio dhalash haihuw amuru omumu рожд народж роден рођен туған төрсөн "
        "γενν ميلاد ازدياد ولاد تولد پیدائش დაბად ծնն ծնված ልደት जन्म জন্ম જન્મ ଜନ୍ମ ਜਨਮ பிறந்த పుట్టిన జన్మ "
        "ಜನ್ಮ ജനന උපන් เกิด ເກີດ កំណើត မွေး 生日 出生 誕生 생년 생일"
    )
)
PHONE_STEMS = tuple(  # where values are written as phone numbers are
    _set(
        "telef telep telno telnr mobil mobit mobn celul cellu cellp gsm handyn whatsa farsim heimasim simanum "
        "simu foonu ekwenti puhel matkap lankap fono tlf тел моб τηλ κινητ تلف هاتف جوال موب محمول اتصال טלפ "
        "נייד ტელ მობ հեռ ስልክ फोन मोबाइल मोबाईल सम्पर्क दूरध्वनी ফোন মোবাইল ફોન મોબાઇલ ଫୋନ ମୋବାଇଲ ਫੋਨ "
        "தொலைபேசி ఫోన్ మొబైల్ ಫೋನ್ ഫോൺ දුරකථන ජංගම โทร มือถือ โทรศัพท์ ໂທ ទូរស័ព្ទ ဖုန်း 电话 手机 電話 携帯 전화 휴대"
    )
)
THING_STEMS = tuple(  # that have numbers of their own, which nobody's papers have
    _set(
        "tick coup invoi inv bill order ord book bkg flight flt seat room bay tabl lot batch seri track trk "
        "ship parcel part item artic prod ean gtin upc isbn case claim contract trans pay receipt vouch doc "
        "file page line row seq ver build model size qty count total amount amt price meter odo house haus "
        "apart unit floor route bus vessel store branch site dept cost ledger journ po rma asset devic barcod "
        "gate lane week month year quart index rank level score rechn beleg auftr bestell charg vorg akte "
        "factur fattur faktur fakt command pedido orden ordin lote zamow zakaz заказ счет накладн артик hoa "
        "don "
        "订单 发票 货号 批号 注文 請求 주문 송장 فاتور طلب "
        "account acc mrn employee empl emp customer cust client patient "
        "pat member student pupil staff personal user guest res ref"
    )
)
THING_DATES = tuple(  # what begins or ends with a day, and was not born
    _set("found est incorp built construct issu iss expir exp valid until depart dep arriv travel sold regist open")
)


def of_papers(words: tuple[str, ...]) -> tuple[str, ...]:
    """Return the words of a name that speak of papers and their number, none where it says more: num_health_visits."""
    papers, driving, licences = (
        [word for word in words if word.startswith(tuple(of))] for of in (PAPER_STEMS, DRIVING_STEMS, LICENCE_STEMS)
    )
    issued = [word for word in words if word.startswith(tuple(ISSUER_STEMS)) or word in WHOLE_ISSUERS]
    numbers = [word for word in words if word in NUMBER_NAMES]
    found = (*papers, *issued, *driving, *licences, *numbers)
    if papers:
        return found
    told = (issued and (numbers or issued[-1].endswith(NUMBER_ENDINGS))) or (driving and licences)
    return found if told and NAME_LINKS.issuperset(set(words) - set(found)) else ()


def of_birth(words: tuple[str, ...]) -> bool:
    """Tell whether one of the words is of being born, whole or cut off."""
    return any(word in OF_BIRTH or _begins(word, BIRTH_STEMS) for word in words)


def of_phone(words: tuple[str, ...]) -> bool:
    """Tell whether one of the words is for phones, whole or cut off."""
    return any(_begins(word, PHONE_STEMS) for word in words)


def of_number(words: tuple[str, ...]) -> bool:
    """Tell whether words say that they are of a number, a card or what an authority gives, and of no thing."""
    bare = [word.removeprefix("ال") for word in words]
    begun = any(word.startswith(tuple(ISSUER_STEMS)) or word.endswith(UNSPACED_NUMBERS) for word in bare)
    ended = len(words) > 1 and any(word in NUMBER_NAMES or word.endswith(NUMBER_ENDINGS) for word in bare)
    return (begun or ended) and not any(_begins(word, THING_STEMS) for word in words)


def of_dated_thing(words: tuple[str, ...]) -> bool:
    """Tell whether one of the words is of a day on which something else than a life begins or ends."""
    return any(word.startswith(THING_DATES) for word in words)


def _begins(word: str, stems: tuple[str, ...]) -> bool:
    """Tell whether a word begins with a stem, an Arabic one after its article, or has it inside where its script has no
    spaces.
    """
    return word.removeprefix("ال").startswith(stems) or (
        word[0] >= FIRST_UNSPACED and any(stem in word for stem in stems)
    )

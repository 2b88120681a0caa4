"""Words that decide what a sentence says. Data only.

English, German, French, Spanish, Italian, Portuguese, Dutch, and the plainest of a few more. A
word too many makes a near quote unverified; a word too few lets "shall" stand for "shall not". So
when in doubt a word is listed.
"""

from __future__ import annotations


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


NEGATIONS = _words(
    "no not never none neither nor nobody nothing nowhere without cannot unless except excluding "
    "excludes exclude excluded non hardly scarcely fails fail failed failure lacks lack lacking "
    "prohibited prohibits forbidden save absent void "
    "nicht nichts nie niemals niemand nirgends nirgendwo kein keine keinen keinem keiner keines "
    "weder ohne ausser außer ausgenommen sofern unwirksam nein "
    "ne pas non ni jamais rien aucun aucune aucuns aucunes nul nulle sans sauf guère "
    "nunca nada nadie ningún ninguno ninguna ningun tampoco sin salvo excepto jamás "
    "né mai niente nulla nessun nessuno nessuna senza tranne eccetto neppure nemmeno neanche "
    "não nem nenhum nenhuma ninguém jamais sem exceto nao "
    "niet niets nooit niemand nergens geen noch zonder behalve tenzij "
    "ikke inte ej intet ingen inget inga utan uden aldri aldrig "
    "nie nigdy bez żaden nikt nic 안 не нет ни никогда без нельзя "
    "לא אין אינו בלי ללא لا لم لن ليس ليست غير بدون دون"
)
# Chinese, Japanese and Korean write negation inside words or as one character.
CJK_NEGATIONS = (
    *"不无無没沒未非勿否",
    *(
        "ない",
        "なか",
        "なく",
        "なけ",
        "ません",
        "せん",
        "せず",
        "ずに",
        "ぬ",
        "않",
        "없",
        "못",
        "아니",
    ),
)
NEGATIVE_PREFIXES = (
    *("un", "in", "im", "il", "ir", "dis", "non", "mis", "anti", "de"),
    *("des", "dés", "dé", "mé", "miss", "ent", "on", "ont"),
)
NEGATIVE_SUFFIXES = ("less", "los", "loos", "frei", "free")

PER_HUNDRED = _words("% percent prozent pourcent procent")
PERCENT = PER_HUNDRED | _words("percentage bps pp ‰")
PHRASES = {
    "percent": r"per\s+cent(?:um)?|pour\s+cent|por\s+cien(?:to)?|por\s+cento|vom\s+hundert",
    "bps": r"basis\s+points?|basispunkten?|points?\s+de\s+base|puntos?\s+b[áa]sicos?",
    "pp": r"percentage\s+points?|prozentpunkten?|points?\s+de\s+pourcentage|procentpunten?",
}

CURRENCY_CODES = _words(
    "USD EUR GBP CHF JPY CNY RMB CAD AUD NZD SEK NOK DKK ISK PLN CZK HUF RON BGN RUB UAH TRY ILS "
    "AED SAR QAR INR PKR KRW TWD HKD SGD MYR THB IDR PHP VND BRL MXN ARS CLP COP PEN ZAR NGN EGP "
    "KES DEM FRF ITL ESP NLG ATS BTC ETH"
)
CURRENCIES = _words(
    "dollar dollars euro euros pound pounds sterling pence penny cent cents yen yuan renminbi "
    "franc francs franken krona kronor krone kroner kronen rupee rupees rouble roubles ruble "
    "rubles peso pesos złoty zloty forint lira lire pfund livre livres libra libras dólar "
    "dólares dolar dolares dollaro dollari sterlina sterline franco francos franchi pond ponden "
    "guilder guilders gulden 元 円 圓 원"
)

DATES = _words(
    "january february march april june july august september october november december jan feb "
    "mar apr jun jul aug sep sept oct nov dec monday tuesday wednesday thursday friday saturday "
    "sunday januar jänner februar märz mai juni juli oktober dezember montag dienstag mittwoch "
    "donnerstag freitag samstag sonnabend sonntag janvier février mars avril juin juillet août "
    "septembre octobre novembre décembre lundi mardi mercredi jeudi vendredi samedi dimanche "
    "enero febrero marzo abril mayo junio julio agosto septiembre setiembre octubre noviembre "
    "diciembre lunes martes miércoles jueves viernes sábado domingo gennaio febbraio aprile "
    "maggio giugno luglio settembre ottobre dicembre lunedì martedì mercoledì giovedì venerdì "
    "sabato domenica janeiro fevereiro março maio junho julho setembro outubro novembro dezembro "
    "segunda-feira januari februari maart mei augustus maandag dinsdag woensdag donderdag "
    "vrijdag zaterdag zondag"
)

ENGLISH_NUMBERS = {
    **{w: i for i, w in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
        "fifteen sixteen seventeen eighteen nineteen".split()
    )},
    **{w: 10 * i for i, w in enumerate(
        "twenty thirty forty fifty sixty seventy eighty ninety".split(), 2
    )},
    "fourty": 40,
}  # fmt: skip
ENGLISH_SCALES = {
    "hundred": 100, "thousand": 1_000, "million": 10**6, "billion": 10**9, "trillion": 10**12,
}  # fmt: skip
NUMBERS = _words(
    "dozen dozens half quarter quarters third thirds twice thrice double triple single both once "
    "hundreds thousands millions billions trillions mn bn tn mio mrd first second fourth fifth "
    "sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth sixteenth "
    "seventeenth eighteenth nineteenth twentieth thirtieth million millionen milliarde "
    "milliarden halb halbe halben viertel drittel erste ersten zweite zweiten dritte dritten "
    "vierte vierten deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze "
    "quinze seize vingt vingts trente quarante cinquante soixante septante huitante nonante cent "
    "cents mille milliard milliards premier première deuxième second seconde troisième quatrième "
    "demi demie moitié tiers dos tres cuatro cinco seis siete ocho nueve diez once doce trece "
    "catorce quince dieciséis diecisiete dieciocho diecinueve veinte veintiún veintiuno treinta "
    "cuarenta cincuenta sesenta setenta ochenta noventa cien ciento cientos doscientos "
    "trescientos quinientos mil millón millones primero primera segundo segunda tercero tercera "
    "mitad medio media tre quattro cinque sei sette otto nove dieci undici dodici tredici "
    "quattordici quindici sedici diciassette diciotto diciannove venti trenta quaranta cinquanta "
    "sessanta settanta ottanta novanta cento duecento trecento mila milione milioni miliardo "
    "miliardi primo prima secondo seconda terzo terza metà mezzo dois duas três quatro oito dez "
    "onze doze treze quatorze quinze dezesseis dezasseis dezessete dezoito dezenove vinte trinta "
    "quarenta cinquenta sessenta setenta oitenta noventa cem duzentos trezentos quinhentos "
    "milhão milhões bilhão bilhões primeiro primeira terceiro terceira metade miljoen miljoenen "
    "miljard helft eerste tweede derde vierde"
)
# German and Dutch write a number as one word, of these parts.
GERMANIC_PARTS = _words(
    "null ein eine eins zwei zwo drei vier fünf fuenf sechs sech sieben sieb acht neun zehn elf "
    "zwölf zwoelf zwanzig dreißig dreissig zig und hundert tausend "
    "nul een één twee drie vijf zes zeven negen tien twaalf dertien veertien twintig dertig "
    "veertig vijftig zestig zeventig tachtig negentig en ën honderd duizend"
)
GERMANIC_ALONE = _words("ein eine een en und zig ën één")  # articles and conjunctions

STOP_WORDS = _words(
    "a an the this that these those of to in on at by for from with as and or but if is are was "
    "were be been it its he she they his her their we our you your shall will may such any all "
    "der die das den dem des ein eine und oder von zu im in am mit für auf ist sind "
    "le la les un une des du de et ou à au aux en dans par pour sur est sont que qui "
    "el los las uno unos y o del al con por para es son que su "
    "il lo gli i e di da nel nella con per è sono che "
    "os as um uma do da dos das em no na com por para é são que "
    "het een van op te voor met dat en of is zijn "
    "的 了 和 是 在 及 与 の は が を に と"
)

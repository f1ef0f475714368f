"""Names and codes as texts: facts of ISO 3166 and ISO 4217, in the order of their English names."""

COUNTRIES = """
Afghanistan AF AFG; Albania AL ALB; Algeria DZ DZA; American Samoa AS ASM; Andorra AD AND; Angola AO AGO;
Antigua and Barbuda AG ATG; Argentina AR ARG; Armenia AM ARM; Aruba AW ABW; Australia AU AUS; Austria AT AUT;
Azerbaijan AZ AZE; Bahamas BS BHS; Bahrain BH BHR; Bangladesh BD BGD; Barbados BB BRB; Belarus BY BLR; Belgium BE BEL;
Belize BZ BLZ; Benin BJ BEN; Bermuda BM BMU; Bhutan BT BTN; Bolivia BO BOL; Bosnia and Herzegovina BA BIH;
Botswana BW BWA; Brazil BR BRA; Brunei BN BRN; Bulgaria BG BGR; Burkina Faso BF BFA; Burundi BI BDI; Cambodia KH KHM;
Cameroon CM CMR; Canada CA CAN; Cape Verde CV CPV; Cayman Islands KY CYM; Central African Republic CF CAF; Chad TD TCD;
Chile CL CHL; China CN CHN; Colombia CO COL; Comoros KM COM; Congo CG COG; Cook Islands CK COK; Costa Rica CR CRI;
Croatia HR HRV; Cuba CU CUB; Curacao CW CUW; Cyprus CY CYP; Czech Republic CZ CZE; Denmark DK DNK; Djibouti DJ DJI;
Dominica DM DMA; Dominican Republic DO DOM; Ecuador EC ECU; Egypt EG EGY; El Salvador SV SLV; Equatorial Guinea GQ GNQ;
Eritrea ER ERI; Estonia EE EST; Eswatini SZ SWZ; Ethiopia ET ETH; Faroe Islands FO FRO; Fiji FJ FJI; Finland FI FIN;
France FR FRA; French Guiana GF GUF; French Polynesia PF PYF; Gabon GA GAB; Gambia GM GMB; Georgia GE GEO;
Germany DE DEU; Ghana GH GHA; Gibraltar GI GIB; Greece GR GRC; Greenland GL GRL; Grenada GD GRD; Guadeloupe GP GLP;
Guam GU GUM; Guatemala GT GTM; Guernsey GG GGY; Guinea GN GIN; Guinea Bissau GW GNB; Guyana GY GUY; Haiti HT HTI;
Honduras HN HND; Hong Kong HK HKG; Hungary HU HUN; Iceland IS ISL; India IN IND; Indonesia ID IDN; Iran IR IRN;
Iraq IQ IRQ; Ireland IE IRL; Isle of Man IM IMN; Israel IL ISR; Italy IT ITA; Ivory Coast CI CIV; Jamaica JM JAM;
Japan JP JPN; Jersey JE JEY; Jordan JO JOR; Kazakhstan KZ KAZ; Kenya KE KEN; Kiribati KI KIR; Kosovo XK XKX;
Kuwait KW KWT; Kyrgyzstan KG KGZ; Laos LA LAO; Latvia LV LVA; Lebanon LB LBN; Lesotho LS LSO; Liberia LR LBR;
Libya LY LBY; Liechtenstein LI LIE; Lithuania LT LTU; Luxembourg LU LUX; Macau MO MAC; Madagascar MG MDG;
Malawi MW MWI; Malaysia MY MYS; Maldives MV MDV; Mali ML MLI; Malta MT MLT; Marshall Islands MH MHL; Martinique MQ MTQ;
Mauritania MR MRT; Mauritius MU MUS; Mexico MX MEX; Micronesia FM FSM; Moldova MD MDA; Monaco MC MCO; Mongolia MN MNG;
Montenegro ME MNE; Morocco MA MAR; Mozambique MZ MOZ; Myanmar MM MMR; Namibia NA NAM; Nauru NR NRU; Nepal NP NPL;
Netherlands NL NLD; New Caledonia NC NCL; New Zealand NZ NZL; Nicaragua NI NIC; Niger NE NER; Nigeria NG NGA;
North Korea KP PRK; North Macedonia MK MKD; Norway NO NOR; Oman OM OMN; Pakistan PK PAK; Palau PW PLW;
Palestine PS PSE; Panama PA PAN; Papua New Guinea PG PNG; Paraguay PY PRY; Peru PE PER; Philippines PH PHL;
Poland PL POL; Portugal PT PRT; Puerto Rico PR PRI; Qatar QA QAT; Reunion RE REU; Romania RO ROU; Russia RU RUS;
Rwanda RW RWA; Saint Kitts and Nevis KN KNA; Saint Lucia LC LCA; Saint Vincent and the Grenadines VC VCT; Samoa WS WSM;
San Marino SM SMR; Sao Tome and Principe ST STP; Saudi Arabia SA SAU; Senegal SN SEN; Serbia RS SRB; Seychelles SC SYC;
Sierra Leone SL SLE; Singapore SG SGP; Slovakia SK SVK; Slovenia SI SVN; Solomon Islands SB SLB; Somalia SO SOM;
South Africa ZA ZAF; South Korea KR KOR; South Sudan SS SSD; Spain ES ESP; Sri Lanka LK LKA; Sudan SD SDN;
Suriname SR SUR; Sweden SE SWE; Switzerland CH CHE; Syria SY SYR; Taiwan TW TWN; Tajikistan TJ TJK; Tanzania TZ TZA;
Thailand TH THA; Timor Leste TL TLS; Togo TG TGO; Tonga TO TON; Trinidad and Tobago TT TTO; Tunisia TN TUN;
Turkey TR TUR; Turkmenistan TM TKM; Tuvalu TV TUV; Uganda UG UGA; Ukraine UA UKR; United Arab Emirates AE ARE;
United Kingdom GB GBR; United States US USA; Uruguay UY URY; Uzbekistan UZ UZB; Vanuatu VU VUT; Vatican City VA VAT;
Venezuela VE VEN; Vietnam VN VNM; Yemen YE YEM; Zambia ZM ZMB; Zimbabwe ZW ZWE
"""
NATIONS_OF_KINGDOM = "England; Northern Ireland; Scotland; Wales"  # that lists of countries often have in its place
FORMER_COUNTRIES = "Czechoslovakia; Soviet Union; Yugoslavia"
STATES = """
Alabama AL; Alaska AK; Arizona AZ; Arkansas AR; California CA; Colorado CO; Connecticut CT; Delaware DE;
District of Columbia DC; Florida FL; Georgia GA; Hawaii HI; Idaho ID; Illinois IL; Indiana IN; Iowa IA; Kansas KS;
Kentucky KY; Louisiana LA; Maine ME; Maryland MD; Massachusetts MA; Michigan MI; Minnesota MN; Mississippi MS;
Missouri MO; Montana MT; Nebraska NE; Nevada NV; New Hampshire NH; New Jersey NJ; New Mexico NM; New York NY;
North Carolina NC; North Dakota ND; Ohio OH; Oklahoma OK; Oregon OR; Pennsylvania PA; Puerto Rico PR; Rhode Island RI;
South Carolina SC; South Dakota SD; Tennessee TN; Texas TX; Utah UT; Vermont VT; Virginia VA; Washington WA;
West Virginia WV; Wisconsin WI; Wyoming WY
"""
CURRENCIES = """
AED; AFN; ALL; AMD; ANG; AOA; ARS; AUD; AWG; AZN; BAM; BBD; BDT; BGN; BHD; BIF; BMD; BND; BOB; BRL; BSD; BTN; BWP; BYN;
BZD; CAD; CDF; CHF; CLP; CNY; COP; CRC; CUP; CVE; CZK; DJF; DKK; DOP; DZD; EGP; ERN; ETB; EUR; FJD; GBP; GEL; GHS; GIP;
GMD; GNF; GTQ; GYD; HKD; HNL; HTG; HUF; IDR; ILS; INR; IQD; IRR; ISK; JMD; JOD; JPY; KES; KGS; KHR; KMF; KPW; KRW; KWD;
KYD; KZT; LAK; LBP; LKR; LRD; LSL; LYD; MAD; MDL; MGA; MKD; MMK; MNT; MOP; MRU; MUR; MVR; MWK; MXN; MYR; MZN; NAD; NGN;
NIO; NOK; NPR; NZD; OMR; PAB; PEN; PGK; PHP; PKR; PLN; PYG; QAR; RON; RSD; RUB; RWF; SAR; SBD; SCR; SDG; SEK; SGD; SHP;
SLE; SOS; SRD; SSP; STN; SYP; SZL; THB; TJS; TMT; TND; TOP; TRY; TTD; TWD; TZS; UAH; UGX; USD; UYU; UZS; VES; VND; VUV;
WST; XAF; XCD; XOF; XPF; YER; ZAR; ZMW; ZWL
"""

# ruff: noqa: E501  (lists of names)
"""The eighth and the ninth set: registers of clubs and clinics, each in ten locales that earlier sets have other columns
of, with papers of digits alone beside numbers of things of digits alone. Either was written down before the detection
was mended with any of it.
"""

import random
from collections.abc import Callable, Iterator

ENGLISH = (  # in the order of registers.FIELDS
    "subscriber_nm,HOLDER;FNAM,frst;LNAM,family;nurse_nm,trainer;nurse_tag,trainer_key;Cellular,mob;LandlineNr,tel_home;"
    "minor_dob,JuniorBirth;DTBIRTH,born_dt;PassNbr,ppno;DLNbr,drvr_lic_nbr;TIN,fiscal_cd;PolicyHolderNo,nhs_ins;UNAME,sign_on;"
    "mailaddr,E_MAIL;resid_addr,HomeAdr;iban_ct,payee_acct;cc_num,CardNr;ip_last,clientIP;macad,hw_id;observ,FollowUp"
)
EIGHTH = {  # likewise
    "et_EE": "liige;eesn;perek;treener;treeneri_kood;mobiil;kodutelefon;lapse_sünd;sündinud;passi_nr;juhiloa_nr;maksu_nr;haigekassa_nr;kasutaja;epost;kodune_aadress;arveldusarve;kaardi_nr;ip_aadress;mac_aadress;märkmed",
    "fi_FI": "jäsen;etun;sukun;valmentaja;valmentajan_tunnus;matkapuh;lankapuh;lapsen_synt;synt_pvm;passin_nro;ajokortin_nro;verotunnus;kela_nro;käyttäjätunnus;sposti;kotiosoite;tilinro;kortin_nro;ip_os;mac_os;huom",
    "sv_SE": "medlem;förn;eftern;tränare;tränarkod;mobilnr;hemtel;barnets_född;född;passnr;körkortsnr;skattenr;försäkringsnr;anvnamn;epostadr;bostadsadr;bankkonto;kortnr;ipadr;macadr;anm",
    "ro_RO": "abonat;pren;nume_fam;antrenor;cod_antrenor;tel_mobil;tel_fix;nastere_copil;data_nast;serie_pasaport;nr_permis;cod_fiscal;card_sanatate;utilizator;adr_email;domiciliu;cont_iban;nr_card;adr_ip;adr_mac;obs",
    "tr_TR": "üye;ad;soyad;antrenör;antrenör_kodu;cep;ev_tel;çocuk_doğum;dogum_trh;pasaport_no;ehliyet_no;vergi_no;sgk_no;kullanici_adi;eposta_adr;ikamet;hesap_no;kart_no;ip_adr;mac_adr;aciklama",
    "id_ID": "anggota;nama_depan;nama_belakang;pelatih;kode_pelatih;hp;telp_rumah;lahir_anak;tgl_lahir;no_paspor;no_sim;npwp;no_bpjs;nama_pengguna;surel;alamat_rumah;rekening;no_kartu;alamat_ip;alamat_mac;catatan",
    "fr_CH": "adherent;pren;nom_fam;entraineur;code_entraineur;natel;tel_prive;naiss_enfant;ne_le;no_passeport;permis_no;no_fiscal;carte_assure;nom_util;courriel_prive;adr_domicile;compte_iban;no_carte;ip_poste;mac_poste;remarq",
    "es_CL": "socio;primer_nom;ap_paterno;entrenador;clave_entrenador;celular;fono_casa;nacim_hijo;f_nacim;pasaporte_nro;lic_conducir;rut;nro_isapre;usuario_web;mail_personal;dir_particular;cta_cte;tarjeta_nro;ip_equipo;mac_equipo;glosa",
    "uz_UZ": "azo;ism;familiya;murabbiy;murabbiy_kodi;mobil;uy_telefoni;bola_tugilgan;tugilgan_sana;pasport_raqami;haydovchilik_guvohnomasi;stir;sugurta_raqami;foydalanuvchi;pochta;yashash_manzili;hisob_raqami;karta_raqami;ip_manzil;mac_manzil;izoh",
    "yo_NG": "omo_egbe;oruko_akoko;oruko_idile;oluko;ami_oluko;foonu_alagbeka;foonu_ile;ojo_ibi_omo;ojo_ibi;nomba_iwe_irinna;iwe_ase_awako;nomba_owo_ori;nomba_ilera;oruko_olumulo;imeeli;adiresi_ile;akanti;nomba_kaadi;ip;mac;akiyesi",
}
NINTH = {
    "da_DK": "klubmedlem;forn;eftern;behandler;behandlerkode;mobnr;fastnet;barn_foedt;foedt;pas_nr;koerekort_nr;skattekort_nr;sygesikring_nr;brugerid;mailadr;bopael;kontonr_iban;betalingskort;ip_adr;mac_adr;bem",
    "pt_BR": "associado;prim_nome;sobren;treinador;cod_treinador;fone_cel;fone_res;nasc_filho;dt_nasc;num_passaporte;nr_habilitacao;cadastro_fiscal;carteirinha_sus;login_usuario;e_mail_pessoal;end_resid;conta_iban;nr_cartao;end_ip;end_mac;obs",
    "hr_HR": "clan;ime;prez;trener;sifra_trenera;mob_br;kucni_tel;rodj_djeteta;dat_rodj;br_putovnice;br_vozacke;porezni_br;mbo_osiguranja;kor_ime;e_adresa;adr_stan;ziro_racun;br_kartice;ip_adr;mac_adr;biljeska",
    "nl_BE": "lid;voorn;achtern;begeleider;begeleider_code;gsm_nr;vaste_lijn;kind_geb;geb_dat;paspoort_nr;rijbewijs_nr;fiscaal_nr;ziekenfonds_nr;gebr_naam;mail_prive;thuisadres;rek_nr;bankkaart;ip_adr;mac_adr;opm",
    "sq_AL": "anetar;emri;mbiemri;trajner;kodi_trajnerit;nr_celular;tel_shtepie;lindja_femijes;datelindja;nr_pasaportes;leje_drejtimi;nr_tatimor;karta_shendetesore;perdoruesi;posta_el;adresa_baneses;llogaria;nr_kartes;adresa_ip;adresa_mac;shenime",
    "mk_MK": "член;име;презиме;тренер;шифра_тренер;моб_тел;дом_тел;роден_дете;дат_раѓање;бр_пасош;возачка_дозвола;даночен_број;здравствена_легитимација;корисник;е_пошта;адр_живеење;сметка;бр_картичка;ип_адреса;мак_адреса;забелешка",
    "en_CA": "ParticipantNm;GivenNm;SurNm;Physio;PhysioTag;CellNbr;HomePhNo;DependantDOB;BirthDt;PassptNo;DriverLic;SocInsNo;HealthCardNo;PortalLogin;EmailPref;CivicAddr;PayoutIBAN;CCNbr;IPAddr;MACAddr;Cmts",
    "en_IE": "MemberNm;ForeNm;FamNm;KeyWorker;KWCode;MobNo;LandlineNo;ChildBirthDt;DtOfBirth;PassportRef;DrivLicNum;PpsNum;MedCardNo;WebUser;EMailAddr;HomeAddrs;AcIban;CardNum;IPv4Addr;MacAddrs;Rmks",
    "es_VE": "afiliado;prim_nombre;prim_apell;entrenador;cod_entren;tlf_movil;tlf_hab;nac_menor;f_nac;num_pasap;lic_manejo;rif;carnet_seguro;usr_web;correo_pers;dir_hab;cta_banc;num_tarj;dir_ip;dir_mac;obs",
    "fr_DZ": "inscrit;pren_usuel;nom_pat;moniteur;code_moniteur;portab;tel_dom;naiss_enf;dt_naiss;num_pass;num_permis_cond;ident_fiscal;num_chifa;nom_connexion;mel;adr_dom;rib_iban;num_cb;adr_ip;adr_mac;rem",
}
LOCAL = EIGHTH | NINTH
PAPERS = {  # passports, driving licences, tax and health insurance, as in registers.py
    "et_EE": ("K99999999", "ET999999", "99999999999", "9999999999"),
    "fi_FI": ("AA9999999", "999999-999A", "999999999999", "99999999"),
    "sv_SE": ("99999999", "999999-9999", "999999999", "9999 9999 9999"),
    "ro_RO": ("999999999", "A99999999A", "9999999999999", "99999999999999999999"),
    "tr_TR": ("U99999999", "999999", "9999999999", "99999999999"),
    "id_ID": ("A9999999", "999999999999", "99.999.999.9-999.999", "9999999999999"),
    "fr_CH": ("A99A9999", "999999999999", "999.9999.999", "80756999999999999999"),
    "es_CL": ("A99999999", "99999999", "99.999.999-9", "999999999"),
    "uz_UZ": ("AA9999999", "AA9999999", "999999999", "99999999999999"),
    "yo_NG": ("A99999999", "AAA99999AA99", "99999999-9999", "99999999999"),
    "da_DK": ("999999999", "99999999", "999999-9999", "9999999999"),
    "pt_BR": ("AA999999", "99999999999", "999.999.999-99", "999999999999999"),
    "hr_HR": ("999999999", "99999999", "99999999999", "999999999"),
    "nl_BE": ("AA999999", "9999999999", "99999999999", "9999999999999"),
    "sq_AL": ("AA9999999", "9999999", "A99999999A", "9999999999"),
    "mk_MK": ("A9999999", "9999999", "9999999999999", "999999999"),
    "en_CA": ("AA999999", "A9999-99999-99999", "999999999", "9999999999"),
    "en_IE": ("AA9999999", "999999999", "9999999AA", "A99999A"),
    "es_VE": ("999999999", "99999999", "A-99999999-9", "9999999999"),
    "fr_DZ": ("999999999", "99999999", "999999999999999", "999999999999"),
}  # fmt: skip
MOBILES = {
    "et_EE": "59999999", "fi_FI": "409999999", "sv_SE": "709999999", "ro_RO": "729999999", "tr_TR": "5399999999",
    "da_DK": "42999999", "pt_BR": "11999999999", "hr_HR": "919999999", "nl_BE": "479999999", "sq_AL": "699999999",
    "mk_MK": "71999999", "en_CA": "4169999999", "en_IE": "879999999", "es_VE": "4149999999", "fr_DZ": "559999999",
    "id_ID": "81299999999", "fr_CH": "799999999", "es_CL": "999999999", "uz_UZ": "909999999", "yo_NG": "8039999999",
}  # fmt: skip
THINGS = "ord_nbr,inv_nr;meter_rd,odometer;net_cents,price_minor;epoch_ts,created_unix;steps_wk,views;gtin_ref,part_nbr"


def numbers(rng: random.Random) -> Iterator[Callable[[], object]]:
    """Yield makers of columns of digits alone that are of nobody, in the order of THINGS."""
    whole, start, serial = rng.randrange, rng.randrange(10**7, 10**8), iter(range(10**9))
    yield rng.choice((lambda: whole(10**7, 10**8), lambda: start + 3 * next(serial), lambda: f"{whole(10**10):010d}"))
    yield lambda: int(rng.lognormvariate(11, 0.7))
    yield lambda: int(100 * rng.lognormvariate(5, 1))
    yield lambda: 1_600_000_000 + whole(10**8)
    yield lambda: int(rng.gauss(50_000, 9_000))
    yield lambda: f"{whole(10**4, 10**5)}{whole(10**3):03d}"

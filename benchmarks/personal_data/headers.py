# ruff: noqa: E501  (lists of names)
"""What columns are called in tables as they come: whole words, short ones, glued ones, in a locale's language."""

FIELDS = (
    *("first", "last", "full", "turned", "email", "phone", "mobile", "street", "address", "place", "card", "iban"),
    *("national", "ip", "mac", "born", "text"),
)
ENGLISH = (  # in the order of FIELDS; what commas part are names of one kind of column
    "first_nm,FName,custFirstName,given",
    "last_nm,LName,surName,custLastNm",
    "cust_nm,ContactName,fullNm,account_holder_name",
    "name_last_first,PatientName,emp_name,passengerName",
    "email_addr,EmailAddress,eml,userEmail",
    "ph_no,phoneNo,tel_nr,contact_number",
    "mob,mobileNo,cell_no,whatsapp",
    "street_addr,addr1,addrLine1,shipStreet",
    "addr,FullAddress,mailing_addr,billToAddress",
    "delivery_location,cityStreet,home_addr,residence",
    "cc_num,cardNo,CreditCardNbr,pan_no",
    "bank_acct,ibanNo,payout_iban,acctIban",
    "natl_id,TaxNo,id_number,govIdNr",
    "ip_addr,lastLoginIp,client_ip,srcIP",
    "mac_addr,deviceMac,hw_addr,wifiMac",
    "dob,birthDt,BirthDate,date_of_birth",
    "rmks,agentNotes,free_txt,cmnt",
)
CHOOSING = {  # the same in the language of each locale; what the detection was mended with
    "pt_BR": "prenome,nome_cli;sobrenome,sobrenomeCliente;nome_completo,nomeTitular;nome_paciente,nomeAluno;email,"
    "emailCliente;telefone,tel_contato;celular,cel;logradouro,rua_num;endereco,end_completo;local_entrega,"
    "cidade_rua;num_cartao,cartaoCredito;iban,conta_iban;cpf,nr_cpf;ip_acesso,enderecoIp;mac_disp,mac;dt_nasc,"
    "dataNascimento;obs,observacao",
    "sv_SE": "förnamn,fnamn;efternamn,enamn;kundnamn,kontaktperson;patientnamn,namn;epost,mejladress;tfn,"
    "telefonnr;mobilnr,mobil;gatuadress,gata;adress,leveransadress;bostadsort_gata,hemadress;kortnummer,kortnr;"
    "iban,bankkonto_iban;personnr,pnr;ip_adress,klientIp;mac_adress,enhetMac;född,födelsedat;kommentar,noteringar",
    "pl_PL": "imie,imieKlienta;nazwisko,nazwiskoKlienta;imie_nazwisko,osoba_kontaktowa;pacjent,nazwa_klienta;"
    "adres_email,mail;nr_tel,telefon;tel_kom,kom;ulica,ulica_nr;adres_zam,adresDostawy;miejsce_zamieszkania,"
    "miasto_ulica;nr_karty,numerKarty;nr_iban,rachunek_iban;pesel,nr_pesel;adres_ip,ip_klienta;adres_mac,mac;"
    "data_ur,dataUrodzenia;uwagi,notatka",
    "tr_TR": "ad,müşteriAdı;soyad,müşteriSoyadı;ad_soyad,yetkili_kişi;hasta_adı,isim_soyisim;eposta,e_mail_adresi;"
    "tel_no,telefon;cep_tel,gsm_no;sokak,cadde_sokak;adres,teslimat_adresi;il_adres,ikametgah;kart_no,kartNumarası;"
    "iban_no,iban;tckn,tc_no;ip_adres,ip;mac_adres,cihazMac;doğum_tarihi,dogumTar;açıklama,notlar",
    "zh_CN": "名字,名;姓,姓氏;姓名,联系人;客户姓名,患者姓名;邮箱,电子邮件;电话,联系电话;手机号,手机;街道,街道地址;地址,"
    "收货地址;住址,家庭住址;卡号,银行卡号;iban,iban号;身份证号,证件号码;ip地址,登录ip;mac地址,设备mac;出生日期,生日;备注,"
    "留言",
    "el_GR": "όνομα,ονομα_πελατη;επώνυμο,επωνυμο_πελατη;ονοματεπώνυμο,υπεύθυνος_επικοινωνίας;ασθενής,πελάτης;"
    "email,ηλ_ταχ;τηλέφωνο,τηλ;κινητό,κιν_τηλ;οδός,οδος_αριθμος;διεύθυνση,διευθ;πόλη_οδός,κατοικία;αρ_κάρτας,"
    "αριθμος_καρτας;iban,αρ_iban;αμκα,αρ_αμκα;διεύθυνση_ip,ip;διεύθυνση_mac,mac;ημ_γέννησης,ημερομηνία_γέννησης;"
    "σχόλια,παρατηρήσεις",
    "vi_VN": "tên,ten_kh;họ,ho_kh;họ_tên,nguoi_lien_he;tên_bệnh_nhân,ten_khach_hang;email,thu_dien_tu;sđt,"
    "dien_thoai;di_động,so_di_dong;đường,so_nha_duong;địa_chỉ,diaChi;nơi_ở,noi_o;số_thẻ,so_the;iban,"
    "tai_khoan_iban;cccd,so_cmnd;địa_chỉ_ip,ip;địa_chỉ_mac,mac;ngày_sinh,ngaySinh;ghi_chú,ghiChu",
    "ar_SA": "الاسم_الأول,اسم_العميل_الاول;اسم_العائلة,اللقب;الاسم_الكامل,اسم_العميل;اسم_المريض,الاسم;"
    "البريد_الإلكتروني,الايميل;الهاتف,رقم_الهاتف;الجوال,رقم_الجوال;الشارع,اسم_الشارع;العنوان,عنوان_الشحن;مكان_السكن,السكن;رقم_البطاقة,"
    "بطاقة_الائتمان;iban,الايبان;رقم_الهوية,هوية;عنوان_ip,ip;عنوان_mac,mac;تاريخ_الميلاد,ت_الميلاد;ملاحظات,تعليق",
    "ka_GE": "სახელი,კლიენტის_სახელი;გვარი,კლიენტის_გვარი;სახელი_გვარი,საკონტაქტო_პირი;პაციენტი,სრული_სახელი;ელფოსტა,"
    "მეილი;ტელეფონი,ტელ;მობილური,მობ;ქუჩა,ქუჩის_მისამართი;მისამართი,მიწოდების_მისამართი;საცხოვრებელი,ქალაქი_ქუჩა;"
    "ბარათის_ნომერი,ბარათი;iban,ანგარიში;პირადი_ნომერი,პირადობა;ip_მისამართი,ip;mac_მისამართი,mac;დაბადების_თარიღი,"
    "დაბ_თარიღი;შენიშვნა,კომენტარი",
    "cs_CZ": "křestní,jmenoKlienta;přijmení,prijmeniKlienta;jméno_příjmení,kontaktní_osoba;pacient,jméno_zákazníka;"
    "mail,emailová_adresa;tel,tel_cislo;mob,mobil_tel;ulice_čp,ulice;adresa,dodací_adresa;bydliště,obec_ulice;"
    "č_karty,cislo_karty;iban,účet_iban;rč,rodne_cislo;ip_adr,ip;mac_adr,mac;dat_nar,datumNarozeni;pozn,poznámky",
}
THINGS = (  # columns of nobody, in the order in which `mixed` makes their values
    "prod_nm,ProductName,item_desc",
    "order_no,OrderNumber,ord_nr",
    "sku,itemCode,art_no",
    "company,supplierName,cust_company",
    "created_at,lastUpdated,ts",
    "app_version,fwVersion,ver",
    "amt,totalAmount,net_price",
    "weight,measurement,dims",
    "city,shipCity,town",
    "country,ctry,nationality",
    "dept,jobTitle,position",
    "tracking_no,batchNo,lot",
    "invoice_dt,shipDate,due",
    "ean,gtin,barcode",
    "status_txt,stage,state",
    "txn_ref,session_id,uuid",
    "file_name,docPath,attachment",
    "url,landingPage,link",
    "qty,unit_count,stock",
    "serial_no,deviceId,assetTag",
)
SECOND_ENGLISH = (  # of tables that were written down before looking; mended with after that
    "customer_first,cFirstName,fore_name",
    "customer_last,famName,last",
    "beneficiary,signatory,policyHolder",
    "staff_member,accountOwner,drvr_name",
    "contactEmail,e_addr,mail1",
    "daytime_phone,telNo,phone_home",
    "cellular,sms_number,mobilePhoneNbr",
    "street1,road_and_no,streetLine",
    "postal_addr,correspondence_address,AddrFull",
    "place_of_residence,workAddr,home_location",
    "payment_card,cardnum,ccNumber",
    "iban_code,refund_account,IBANNumber",
    "citizen_no,personal_code,NationalIdNo",
    "remote_host_ip,visitorIp,ipv4addr",
    "nic_mac,bleMac,mac_id",
    "birthday,born_dt,DateBirth",
    "case_notes,customerFeedback,internal_comment",
)
SECOND = {
    "hu_HU": "utónév,ügyfél_keresztnév;családnév,vezetéknév;teljes_név,kapcsolattartó;beteg_neve,név;email_cím,levelcim;"
    "telefonszám,tel_szam;mobil,mobilszám;utca_házszám,utca;lakcím,szállítási_cím;település_utca,lakhely;kártyaszám,"
    "bankkártya_szám;iban,iban_szám;szig_szám,azonosító;ip_cím,ip;mac_cím,eszköz_mac;szül_dátum,születésnap;megjegyzés,"
    "ügyfél_megjegyzés",
    "fi_FI": "etunimi,asiakkaanEtunimi;sukunimi,asiakkaanSukunimi;koko_nimi,yhteyshenkilö;potilaan_nimi,nimi;sposti,"
    "sähköpostiosoite;puh,puhelinnro;gsm_nro,matkapuh;katuosoite,lähiosoite;osoite,toimitusosoite;kotiosoite,"
    "kaupunki_katu;kortin_numero,korttinro;iban,tilinumero_iban;hetu,henkilötunnus;ip_osoite,ip;mac_osoite,mac;synt_aika,"
    "syntymäpäivä;huom,lisätiedot",
    "ro_RO": "prenume,prenumeClient;nume_familie,numeFamilie;nume_prenume,persoana_contact;nume_pacient,pacient;adresa_email,"
    "email;telefon,nr_telefon;mobil,tel_mobil;strada,strada_nr;adresa,adresa_livrare;domiciliu,oras_strada;nr_card,"
    "numarCard;iban,cont_iban;cnp,cod_numeric;adresa_ip,ip;adresa_mac,mac;data_nasterii,dataNastere;observatii,comentarii",
    "da_DK": "fornavn,kundeFornavn;efternavn,kundeEfternavn;fulde_navn,kontaktperson;patientnavn,navn;mailadresse,e_mail;"
    "tlf,telefonnr;mobilnr,mobiltlf;vejnavn_nr,gade;adresse,leveringsadresse;bopæl,by_gade;kortnr,kortnummer;iban,konto_iban;"
    "cpr,cprnr;ip_adresse,ip;mac_adresse,mac;fødselsdag,fødselsdato;bemærkninger,noter",
    "hr_HR": "ime,imeKupca;prezime,prezimeKupca;ime_prezime,kontakt_osoba;ime_pacijenta,kupac;eposta,email_adresa;telefon,"
    "br_tel;mobitel,br_mob;ulica,ulica_broj;adresa,adresa_dostave;prebivalište,grad_ulica;broj_kartice,kartica;iban,"
    "iban_racun;oib,oib_kupca;ip_adresa,ip;mac_adresa,mac;datum_rođ,datum_rođenja;napomene,komentar",
    "es_CO": "primer_nombre,nombreCliente;apellidos,primer_apellido;nombre_completo,nombreTitular;paciente,nombre_paciente;"
    "correo,correoElectronico;tel_fijo,telefono;cel,celular;direccion_calle,calle;direccion,dir_entrega;residencia,"
    "ciudad_direccion;num_tarjeta,tarjetaCredito;iban,cuenta_iban;cedula,num_documento;dir_ip,ip;dir_mac,mac;fec_nac,"
    "fechaNacimiento;observacion,notas",
    "id_ID": "nama_depan,namaDepan;nama_belakang,namaKeluarga;nama_lengkap,namaPelanggan;nama_pasien,pasien;surel,alamat_email;"
    "no_telp,telepon;no_hp,hp;jalan,nama_jalan;alamat,alamatKirim;tempat_tinggal,kota_jalan;no_kartu,nomorKartu;iban,"
    "rekening_iban;nik,no_ktp;alamat_ip,ip;alamat_mac,mac;tgl_lahir,tanggalLahir;catatan,keterangan",
    "bn_BD": "প্রথম_নাম,নামের_প্রথম_অংশ;পদবি,শেষ_নাম;পুরো_নাম,গ্রাহকের_নাম;রোগীর_নাম,নাম;ইমেইল,ই_মেইল;ফোন,ফোন_নম্বর;মোবাইল,মোবাইল_নম্বর;"
    "সড়ক,রাস্তা;ঠিকানা,ডেলিভারি_ঠিকানা;বাসস্থান,বাড়ির_ঠিকানা;কার্ড_নম্বর,ক্রেডিট_কার্ড;iban,আইবান;জাতীয়_পরিচয়পত্র,এনআইডি;আইপি,ip;"
    "ম্যাক,mac;জন্ম_তারিখ,জন্মদিন;মন্তব্য,নোট",
    "hy_AM": "անուն,հաճախորդի_անուն;ազգանուն,հաճախորդի_ազգանուն;անուն_ազգանուն,կոնտակտ_անձ;հիվանդ,լրիվ_անուն;էլփոստ,էլ_հասցե;"
    "հեռախոս,հեռ;բջջային,բջջ_համար;փողոց,փողոց_շենք;հասցե,առաքման_հասցե;բնակության_վայր,քաղաք_փողոց;քարտի_համար,քարտ;iban,հաշիվ;"
    "հծհ,անձնագիր;ip_հասցե,ip;mac_հասցե,mac;ծննդյան_ամսաթիվ,ծնված;նշումներ,մեկնաբանություն",
    "ne_NP": "पहिलो_नाम,नाम_पहिलो;थर,थर_नाम;पूरा_नाम,ग्राहकको_नाम;बिरामीको_नाम,नाम;इमेल,इमेल_ठेगाना;फोन,फोन_नम्बर;मोबाइल,मोबाइल_नम्बर;"
    "सडक,टोल;ठेगाना,डेलिभरी_ठेगाना;बसोबास,घर_ठेगाना;कार्ड_नम्बर,क्रेडिट_कार्ड;iban,खाता;नागरिकता_नम्बर,परिचयपत्र;आइपी,ip;म्याक,mac;"
    "जन्म_मिति,जन्मदिन;टिप्पणी,कैफियत",
}
THIRD_ENGLISH = (  # of tables that were written down before looking, and never mended with
    "FirstName,f_name,guestFirst",
    "LastName,l_name,guestLast",
    "Name,Customer,person_nm",
    "Client,InsuredName,studentNm",
    "EMail,work_email,emailId",
    "Phone1,tel_home,PhoneNum",
    "Mobile,mobile_nbr,handphone",
    "StreetAddress,strt_addr,house_street",
    "Address,ship_to,invoiceAddress",
    "AddressLine,location_addr,cityAndStreet",
    "CardNumber,card_nr,debitCard",
    "IBAN,bankIban,acct_iban",
    "SSN,personal_no,tax_number",
    "IPAddress,ip_v4,userIp",
    "MACAddress,macId,eth_mac",
    "DOB,BirthDay,dt_of_birth",
    "Remarks,call_notes,feedback_txt",
)
THIRD = {
    "de_CH": "Vorname,vorn;Nachname,nachn;Name_Vorname,Ansprechperson;Patient,kd_name;E_Mail,mailadr;Tel_Nr,Telefon_P;Natel,Mobil_Nr;"
    "Strasse_Nr,str;Adresse,Lieferadr;Wohnadr,Ort_Strasse;Karten_Nr,Kreditkarte;IBAN_Nr,iban;AHV_Nr,ahv;IP_Adr,ip;MAC_Adr,mac;Geb_Datum,gebdat;"
    "Bemerkung,Notiz",
    "nl_BE": "voornaam,vnaam;achternaam,anaam;volledige_naam,contactpersoon;patient_naam,klantnaam;emailadres,mail;telefoonnr,tel;gsm_nummer,gsm;"
    "straat_nr,straat;adres,leveradres;woonplaats_straat,thuisadres;kaartnummer,kaart_nr;iban,rekening_iban;rijksregisternr,insz;ip_adres,ip;"
    "mac_adres,mac;geb_datum,geboortedatum;opmerking,notities",
    "fr_CA": "prenom,prenom_client;nom_famille,nom;nom_complet,personne_ressource;nom_patient,titulaire;courriel,adr_courriel;tel,no_tel;cell,"
    "tel_cell;rue,no_civique_rue;adresse,adr_livraison;domicile,ville_rue;no_carte,carte_credit;iban,compte_iban;nas,num_nas;adresse_ip,ip;"
    "adresse_mac,mac;date_naiss,ddn;commentaires,remarques",
    "en_NZ": "given_name,fname;family_name,surname;full_nm,contact;patient,customerNm;email,e_mail;ph,phone_no;mobile,cell;street,street_nr;"
    "address,deliveryAddr;home_addr,town_street;card,card_no;iban,ibanNr;ird_no,tax_id;ip,ip_addr;mac,mac_addr;date_of_birth,birth_dt;notes,"
    "comments",
    "et_EE": "eesnimi,kliendi_eesnimi;perenimi,perekonnanimi;täisnimi,kontaktisik;patsiendi_nimi,nimi;epost,meiliaadress;telefon,tel_nr;mobiil,"
    "mobiili_nr;tänav,tänav_maja;aadress,tarneaadress;elukoht,linn_tänav;kaardi_nr,kaardinumber;iban,konto_iban;isikukood,ik;ip_aadress,ip;"
    "mac_aadress,mac;sünniaeg,sünnikuupäev;märkused,kommentaar",
    "es_AR": "nombre,nombres;apellido,apellidos;apellido_nombre,nombre_completo;paciente,nombre_socio;mail,correo;tel,telefono_fijo;celular,"
    "nro_cel;calle_nro,calle;domicilio,dir_envio;ciudad_calle,residencia;nro_tarjeta,tarjeta;iban,cuenta_iban;cuit,cuil;ip,ip_cliente;mac,"
    "dir_mac;fecha_nac,nacimiento;observaciones,comentario",
    "uz_UZ": "ism,ismi;familiya,familiyasi;toliq_ism,fio;bemor,mijoz_ismi;email,elektron_pochta;telefon,tel_raqam;mobil,mobil_raqam;kocha,kocha_uy;"
    "manzil,yetkazish_manzili;yashash_joyi,uy_manzili;karta_raqami,karta;iban,hisob_iban;jshshir,pinfl;ip_manzil,ip;mac_manzil,mac;tugilgan_sana,"
    "tugilgan_kun;izoh,eslatma",
    "ar_EG": "الاسم_الاول,اول;اسم_العائلة,لقب;الاسم_الكامل,اسم_العميل;اسم_المريض,المريض;البريد_الالكتروني,ايميل;تليفون,رقم_التليفون;موبايل,"
    "رقم_الموبايل;شارع,الشارع;عنوان,العنوان;محل_الاقامة,السكن;رقم_الكارت,كارت;iban,ايبان;الرقم_القومي,رقم_قومي;عنوان_ip,ip;عنوان_mac,mac;"
    "تاريخ_الميلاد,ميلاد;ملاحظات,تعليقات",
    "gu_IN": "નામ,પ્રથમ_નામ;અટક,છેલ્લું_નામ;પૂરું_નામ,ગ્રાહકનું_નામ;દર્દીનું_નામ,દર્દી;ઈમેલ,ઇમેઇલ;ફોન,ફોન_નંબર;મોબાઇલ,મોબાઈલ_નંબર;શેરી,રસ્તો;સરનામું,ડિલિવરી_સરનામું;રહેઠાણ,"
    "ઘરનું_સરનામું;કાર્ડ_નંબર,કાર્ડ;iban,ખાતું;આધાર,આધાર_નંબર;આઈપી,ip;મેક,mac;જન્મ_તારીખ,જન્મદિવસ;નોંધ,ટિપ્પણી",
    "mk_MK": "име,име_на_клиент;презиме,презиме_на_клиент;име_презиме,лице_за_контакт;пациент,целосно_име;емаил,е_пошта;телефон,тел;мобилен,моб;"
    "улица,улица_број;адреса,адреса_за_достава;живеалиште,град_улица;број_на_картичка,картичка;iban,сметка;матичен_број,ембг;ип_адреса,ip;"
    "мак_адреса,mac;датум_на_раѓање,роденден;забелешка,коментар",
}

//! Time zones by name, and the rules by which their clocks change.
//!
//! The facts are those of the tz database, release 2026f, of which each zone has the rule now in force, where that is one
//! for all years to come, and the year from whose beginning on it holds (2000 where none is written). Zones whose rule is
//! younger than 2026, or is none, such as that of Morocco, are left out.

/// Minutes east of as a rule, and where clocks change: the other minutes, when they begin and when they end (month, week with 5
/// for the last, day of the week from Sunday, minutes of the day by the clocks then). Behind it the zones.
pub(super) const ZONES: &[(&str, &str)] = &[
    (
        "-660",
        "\
        Pacific/Midway Pacific/Niue Pacific/Pago_Pago Pacific/Samoa",
    ),
    (
        "-600 -540 3.2.0/120 11.1.0/120",
        "\
        America/Adak@2007 America/Atka@2007",
    ),
    (
        "-600",
        "\
        Pacific/Honolulu Pacific/Johnston Pacific/Rarotonga Pacific/Tahiti",
    ),
    (
        "-570",
        "\
        Pacific/Marquesas",
    ),
    (
        "-540 -480 3.2.0/120 11.1.0/120",
        "\
        America/Anchorage@2007 America/Juneau@2007 America/Metlakatla@2020 America/Nome@2007 America/Sitka@2007 \
        America/Yakutat@2007",
    ),
    (
        "-540",
        "\
        Pacific/Gambier",
    ),
    (
        "-480 -420 3.2.0/120 11.1.0/120",
        "\
        America/Ensenada@2010 America/Los_Angeles@2007 America/Santa_Isabel@2010 America/Tijuana@2010",
    ),
    (
        "-480",
        "\
        Pacific/Pitcairn",
    ),
    (
        "-420 -360 3.2.0/120 11.1.0/120",
        "\
        America/Boise@2007 America/Cambridge_Bay@2007 America/Ciudad_Juarez@2023 America/Denver@2007 \
        America/Shiprock@2007",
    ),
    (
        "-420",
        "\
        America/Creston America/Dawson@2021 America/Dawson_Creek America/Fort_Nelson@2016 America/Hermosillo \
        America/Mazatlan@2023 America/Phoenix America/Whitehorse@2021",
    ),
    (
        "-360 -300 3.2.0/120 11.1.0/120",
        "\
        America/Chicago@2007 America/Indiana/Knox@2007 America/Indiana/Tell_City@2007 America/Knox_IN@2007 \
        America/Matamoros@2010 America/Menominee@2007 America/North_Dakota/Beulah@2011 \
        America/North_Dakota/Center@2007 America/North_Dakota/New_Salem@2007 America/Ojinaga@2023 \
        America/Rankin_Inlet@2007 America/Resolute@2008",
    ),
    (
        "-360 -300 9.1.6/1320 4.1.6/1320",
        "\
        Pacific/Easter@2023",
    ),
    (
        "-360",
        "\
        America/Bahia_Banderas@2023 America/Belize America/Chihuahua@2023 America/Costa_Rica America/El_Salvador \
        America/Guatemala@2007 America/Managua@2007 America/Merida@2023 America/Mexico_City@2023 \
        America/Monterrey@2023 America/Regina America/Swift_Current America/Tegucigalpa@2007 Pacific/Galapagos",
    ),
    (
        "-300 -240 3.2.0/120 11.1.0/120",
        "\
        America/Detroit@2007 America/Fort_Wayne@2007 America/Grand_Turk@2019 America/Indiana/Indianapolis@2007 \
        America/Indiana/Marengo@2007 America/Indiana/Petersburg@2008 America/Indiana/Vevay@2007 \
        America/Indiana/Vincennes@2008 America/Indiana/Winamac@2008 America/Indianapolis@2007 America/Iqaluit@2007 \
        America/Kentucky/Louisville@2007 America/Kentucky/Monticello@2007 America/Louisville@2007 \
        America/Montreal@2007 America/Nassau@2007 America/New_York@2007 America/Nipigon@2007 \
        America/Pangnirtung@2007 America/Port-au-Prince@2017 America/Thunder_Bay@2007 America/Toronto@2007",
    ),
    (
        "-300",
        "\
        America/Atikokan America/Bogota America/Cancun@2016 America/Cayman America/Coral_Harbour \
        America/Eirunepe@2014 America/Guayaquil America/Jamaica America/Lima America/Panama America/Porto_Acre@2014 \
        America/Rio_Branco@2014",
    ),
    (
        "-240 -180 3.2.0/120 11.1.0/120",
        "\
        America/Glace_Bay@2007 America/Goose_Bay@2012 America/Halifax@2007 America/Moncton@2007 America/Thule@2007 \
        Atlantic/Bermuda@2007",
    ),
    (
        "-240 -180 9.1.6/1440 4.1.6/1440",
        "\
        America/Santiago@2023",
    ),
    (
        "-240",
        "\
        America/Anguilla America/Antigua America/Aruba America/Barbados America/Blanc-Sablon America/Boa_Vista@2001 \
        America/Campo_Grande@2020 America/Caracas@2017 America/Cuiaba@2020 America/Curacao America/Dominica \
        America/Grenada America/Guadeloupe America/Guyana America/Kralendijk America/La_Paz America/Lower_Princes \
        America/Manaus America/Marigot America/Martinique America/Montserrat America/Port_of_Spain \
        America/Porto_Velho America/Puerto_Rico America/Santo_Domingo@2001 America/St_Barthelemy America/St_Kitts \
        America/St_Lucia America/St_Thomas America/St_Vincent America/Tortola America/Virgin",
    ),
    (
        "-210 -150 3.2.0/120 11.1.0/120",
        "\
        America/St_Johns@2012",
    ),
    (
        "-180 -120 3.2.0/120 11.1.0/120",
        "\
        America/Miquelon@2007",
    ),
    (
        "-180",
        "\
        America/Araguaina@2014 America/Argentina/Buenos_Aires@2010 America/Argentina/Catamarca@2009 \
        America/Argentina/ComodRivadavia@2009 America/Argentina/Cordoba@2010 America/Argentina/Jujuy@2009 \
        America/Argentina/La_Rioja@2009 America/Argentina/Mendoza@2009 America/Argentina/Rio_Gallegos@2009 \
        America/Argentina/Salta@2009 America/Argentina/San_Juan@2009 America/Argentina/San_Luis@2010 \
        America/Argentina/Tucuman@2010 America/Argentina/Ushuaia@2009 America/Asuncion@2025 America/Bahia@2013 \
        America/Belem America/Buenos_Aires@2010 America/Catamarca@2009 America/Cayenne America/Cordoba@2010 \
        America/Coyhaique@2025 America/Fortaleza@2003 America/Jujuy@2009 America/Maceio@2003 America/Mendoza@2009 \
        America/Montevideo@2016 America/Paramaribo America/Punta_Arenas@2017 America/Recife@2003 \
        America/Rosario@2010 America/Santarem@2009 America/Sao_Paulo@2020 Atlantic/Stanley@2011",
    ),
    (
        "-120 -60 3.5.0/-60 10.5.0/0",
        "\
        America/Godthab@2024 America/Nuuk@2024 America/Scoresbysund@2025",
    ),
    (
        "-120",
        "\
        America/Noronha@2003 Atlantic/South_Georgia",
    ),
    (
        "-60",
        "\
        Atlantic/Cape_Verde",
    ),
    (
        "-60 0 3.5.0/0 10.5.0/60",
        "\
        Atlantic/Azores",
    ),
    (
        "0",
        "\
        Africa/Abidjan Africa/Accra Africa/Bamako Africa/Banjul Africa/Bissau Africa/Conakry Africa/Dakar \
        Africa/Freetown Africa/Lome Africa/Monrovia Africa/Nouakchott Africa/Ouagadougou Africa/Sao_Tome@2020 \
        Africa/Timbuktu America/Danmarkshavn Atlantic/Reykjavik Atlantic/St_Helena",
    ),
    (
        "0 60 3.5.0/60 10.5.0/120",
        "\
        Atlantic/Canary Atlantic/Faeroe Atlantic/Faroe Atlantic/Madeira Europe/Belfast Europe/Guernsey \
        Europe/Isle_of_Man Europe/Jersey Europe/Lisbon Europe/London",
    ),
    (
        "60",
        "\
        Africa/Algiers Africa/Bangui Africa/Brazzaville Africa/Douala Africa/Kinshasa Africa/Lagos Africa/Libreville \
        Africa/Luanda Africa/Malabo Africa/Ndjamena Africa/Niamey Africa/Porto-Novo Africa/Tunis@2009",
    ),
    (
        "60 0 10.5.0/120 3.5.0/60",
        "\
        Europe/Dublin",
    ),
    (
        "60 120 3.5.0/120 10.5.0/180",
        "\
        Africa/Ceuta Atlantic/Jan_Mayen Europe/Amsterdam Europe/Andorra Europe/Belgrade Europe/Berlin \
        Europe/Bratislava Europe/Brussels Europe/Budapest Europe/Busingen Europe/Copenhagen Europe/Gibraltar \
        Europe/Ljubljana Europe/Luxembourg Europe/Madrid Europe/Malta Europe/Monaco Europe/Oslo Europe/Paris \
        Europe/Podgorica Europe/Prague Europe/Rome Europe/San_Marino Europe/Sarajevo Europe/Skopje Europe/Stockholm \
        Europe/Tirane Europe/Vaduz Europe/Vatican Europe/Vienna Europe/Warsaw Europe/Zagreb Europe/Zurich",
    ),
    (
        "120",
        "\
        Africa/Blantyre Africa/Bujumbura Africa/Gaborone Africa/Harare Africa/Johannesburg Africa/Juba@2022 \
        Africa/Khartoum@2018 Africa/Kigali Africa/Lubumbashi Africa/Lusaka Africa/Maputo Africa/Maseru \
        Africa/Mbabane Africa/Tripoli@2014 Africa/Windhoek@2018 Europe/Kaliningrad@2015",
    ),
    (
        "120 180 3.4.4/1560 10.5.0/120",
        "\
        Asia/Jerusalem@2013 Asia/Tel_Aviv@2013",
    ),
    (
        "120 180 3.5.0/0 10.5.0/0",
        "\
        Asia/Beirut",
    ),
    (
        "120 180 3.5.0/180 10.5.0/240",
        "\
        Asia/Famagusta@2018 Asia/Nicosia Europe/Athens Europe/Bucharest Europe/Chisinau@2022 Europe/Helsinki \
        Europe/Kiev Europe/Kyiv Europe/Mariehamn Europe/Nicosia Europe/Riga@2001 Europe/Sofia Europe/Tallinn@2002 \
        Europe/Tiraspol@2022 Europe/Uzhgorod Europe/Vilnius@2003 Europe/Zaporozhye",
    ),
    (
        "120 180 4.5.5/0 10.5.4/1440",
        "\
        Africa/Cairo@2023",
    ),
    (
        "180",
        "\
        Africa/Addis_Ababa Africa/Asmara Africa/Asmera Africa/Dar_es_Salaam Africa/Djibouti Africa/Kampala \
        Africa/Mogadishu Africa/Nairobi Asia/Aden Asia/Amman@2023 Asia/Baghdad@2008 Asia/Bahrain Asia/Damascus@2023 \
        Asia/Istanbul@2017 Asia/Kuwait Asia/Qatar Asia/Riyadh Europe/Istanbul@2017 Europe/Kirov@2015 \
        Europe/Minsk@2012 Europe/Moscow@2015 Europe/Simferopol@2015 Europe/Volgograd@2021 Indian/Antananarivo \
        Indian/Comoro Indian/Mayotte",
    ),
    (
        "210",
        "\
        Asia/Tehran@2023",
    ),
    (
        "240",
        "\
        Asia/Baku@2016 Asia/Dubai Asia/Muscat Asia/Tbilisi@2006 Asia/Yerevan@2012 Europe/Astrakhan@2017 \
        Europe/Samara@2012 Europe/Saratov@2017 Europe/Ulyanovsk@2017 Indian/Mahe Indian/Mauritius@2010 \
        Indian/Reunion",
    ),
    (
        "270",
        "\
        Asia/Kabul",
    ),
    (
        "300",
        "\
        Asia/Almaty@2025 Asia/Aqtau@2005 Asia/Aqtobe@2005 Asia/Ashgabat Asia/Ashkhabad Asia/Atyrau@2005 \
        Asia/Dushanbe Asia/Karachi@2010 Asia/Oral@2005 Asia/Qostanay@2025 Asia/Qyzylorda@2019 Asia/Samarkand \
        Asia/Tashkent Asia/Yekaterinburg@2015 Indian/Kerguelen Indian/Maldives",
    ),
    (
        "330",
        "\
        Asia/Calcutta Asia/Colombo@2007 Asia/Kolkata",
    ),
    (
        "345",
        "\
        Asia/Kathmandu Asia/Katmandu",
    ),
    (
        "360",
        "\
        Asia/Bishkek@2006 Asia/Dacca@2010 Asia/Dhaka@2010 Asia/Kashgar Asia/Omsk@2015 Asia/Thimbu Asia/Thimphu \
        Asia/Urumqi Indian/Chagos",
    ),
    (
        "390",
        "\
        Asia/Rangoon Asia/Yangon Indian/Cocos",
    ),
    (
        "420",
        "\
        Asia/Bangkok Asia/Barnaul@2017 Asia/Ho_Chi_Minh Asia/Hovd@2017 Asia/Jakarta Asia/Krasnoyarsk@2015 \
        Asia/Novokuznetsk@2012 Asia/Novosibirsk@2017 Asia/Phnom_Penh Asia/Pontianak Asia/Saigon Asia/Tomsk@2017 \
        Asia/Vientiane Indian/Christmas",
    ),
    (
        "480",
        "\
        Asia/Brunei Asia/Choibalsan@2017 Asia/Chongqing Asia/Chungking Asia/Harbin Asia/Hong_Kong Asia/Irkutsk@2015 \
        Asia/Kuala_Lumpur Asia/Kuching Asia/Macao Asia/Macau Asia/Makassar Asia/Manila Asia/Shanghai Asia/Singapore \
        Asia/Taipei Asia/Ujung_Pandang Asia/Ulaanbaatar@2017 Asia/Ulan_Bator@2017 Australia/Perth@2010 \
        Australia/West@2010",
    ),
    (
        "525",
        "\
        Australia/Eucla@2010",
    ),
    (
        "540",
        "\
        Asia/Chita@2017 Asia/Dili@2001 Asia/Jayapura Asia/Khandyga@2015 Asia/Pyongyang@2019 Asia/Seoul Asia/Tokyo \
        Asia/Yakutsk@2015 Pacific/Palau",
    ),
    (
        "570",
        "\
        Australia/Darwin Australia/North",
    ),
    (
        "570 630 10.1.0/120 4.1.0/180",
        "\
        Australia/Adelaide@2008 Australia/Broken_Hill@2008 Australia/South@2008 Australia/Yancowinna@2008",
    ),
    (
        "600",
        "\
        Asia/Ust-Nera@2015 Asia/Vladivostok@2015 Australia/Brisbane Australia/Lindeman Australia/Queensland \
        Pacific/Chuuk Pacific/Guam Pacific/Port_Moresby Pacific/Saipan Pacific/Truk Pacific/Yap",
    ),
    (
        "600 660 10.1.0/120 4.1.0/180",
        "\
        Australia/ACT@2008 Australia/Canberra@2008 Australia/Currie@2008 Australia/Hobart@2008 \
        Australia/Melbourne@2008 Australia/NSW@2008 Australia/Sydney@2008 Australia/Tasmania@2008 \
        Australia/Victoria@2008",
    ),
    (
        "630 660 10.1.0/120 4.1.0/120",
        "\
        Australia/LHI@2008 Australia/Lord_Howe@2008",
    ),
    (
        "660",
        "\
        Asia/Magadan@2017 Asia/Sakhalin@2017 Asia/Srednekolymsk@2015 Pacific/Bougainville@2015 Pacific/Efate \
        Pacific/Guadalcanal Pacific/Kosrae Pacific/Noumea Pacific/Pohnpei Pacific/Ponape",
    ),
    (
        "660 720 10.1.0/120 4.1.0/180",
        "\
        Pacific/Norfolk@2020",
    ),
    (
        "720",
        "\
        Asia/Anadyr@2012 Asia/Kamchatka@2012 Pacific/Fiji@2022 Pacific/Funafuti Pacific/Kwajalein Pacific/Majuro \
        Pacific/Nauru Pacific/Tarawa Pacific/Wake Pacific/Wallis",
    ),
    (
        "720 780 9.5.0/120 4.1.0/180",
        "\
        Pacific/Auckland@2008",
    ),
    (
        "765 825 9.5.0/165 4.1.0/225",
        "\
        Pacific/Chatham@2008",
    ),
    (
        "780",
        "\
        Pacific/Apia@2022 Pacific/Enderbury Pacific/Fakaofo@2012 Pacific/Kanton Pacific/Tongatapu@2018",
    ),
    (
        "840",
        "\
        Pacific/Kiritimati",
    ),
];

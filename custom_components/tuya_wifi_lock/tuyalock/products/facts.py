"""Products that exist, as facts: what devices announce, and what is known of it.

Fed from public descriptions and from owners' diagnostics. A row is the product id, Tuya's category,
the letter of its family if it has one, and what else is known: `mains`, `gateway`, and the DPs of a
product that is like no other.
"""

ROWS: tuple[tuple[str, ...], ...] = (
    ("bxq2o60gxhh2ben6", "ms", "A"),  # YRHAND H4
    ("vj6iAE6d61vLiBZr", "ms", "A"),  # Wenxun WiFi Smart Lock
    ("nxbtoobjqr5wjdmk", "ms", "A"),  # PINEWORLD Q203 / L9
    ("umca8uiv2203ua3k", "jtmspro", "B"),  # Tediton / YRHAND K7 WBR3
    ("oufbykkic2alxcjw", "jtmspro", "B"),  # SmarDeer Lock33
    ("0zhwazcqndafnhta", "jtmspro", "B"),  # NovaDigital SL06
    ("qhoybrozfhcenkyh", "jtmspro", "C"),  # Orion DL033HA
    ("5k8h97qska6pf5cm", "mk", "D"),  # Secukey Sboard III mini
    ("90byla8jussebm5k", "mk", "D"),  # Vcontrol 4-F
    ("7veecefmxfxsu0b8", "mk", "D"),  # Lucking HF06
    ("shxpu5r3lo15vv37", "mk", "D"),  # 门禁Wifi+蓝牙
    ("td7kahmaly2odklo", "mk", "D"),  # Wifi face access
    ("4valtqxxxh6zjs5y", "mk", "D"),  # TF1 Card+PIN+Fingerprint
    ("26bwvzlm7ejz0ql8", "jtmsbh", "C"),  # MF15 SMART Lock
    (
        "DZSslz0mNTW0jgF4",
        "ms",
        "",
        "mains",
        "15 unlock_app integer",
        "101 Locked boolean",
    ),  # Wafu WF-012 dongle
    ("gj9eyv7lvtinjvui", "ms", ""),  # WAFU invisible deadbolt
    (
        "RSwIlAPVPqA6tVx9",
        "ms",
        "",
        "101 Battery integer",
        "104 unlock_history string",
        "105 alert string",
        "106 door_opened boolean",
        "108 akb boolean",
        "111 low_power string",
    ),  # RSwIlAPVPqA6tVx9 (custom)
    ("d3amante7xinmx9x", "ms", "", "mains"),  # LC-1374 electric lock
    ("xqeob8h6", "jtmspro", "C", "gateway"),  # S1-TY-BLE-PRO 2
    ("stugc8dl", "ms", "C", "gateway"),  # HU06 / ImSmart C502
    ("a6nttc41", "ms", "C", "gateway"),  # Orion DL021HA
    ("uamrw6h3", "jtmspro", "C", "gateway"),  # Positivo Smart Fechadura
    ("kdq0tdbz", "jtmspro", "C", "gateway"),  # Pulido P13
    ("isk2p555", "ms", "C", "gateway"),  # YSG BS01
    ("yfqp0shy", "jtmspro", "C", "gateway"),  # Gainsborough Liberty
    ("ofwvna43", "jtmspro", "C", "gateway"),  # Nice Digi
    ("jqpmkfj7", "jtmspro", "C", "gateway"),  # O'TU R1O1
    ("6fibxtph", "jtmspro", "C", "gateway"),  # Primebras Athenas / Foxgard
    ("qicggi0m", "jtmspro", "C", "gateway"),  # XCase NX-4964
    ("ssisn2cx", "ms", "C", "gateway"),  # BLE lock ssisn2cx
    ("matydudd", "ms", "C", "gateway"),  # BLE lock matydudd
    ("hq8p0gzw", "jtmspro", "C", "gateway"),  # TF9 access control
    ("y2yaegze", "jtmspro", "C", "gateway"),  # CTL20H
    ("snr3p274", "jtmspro", "", "gateway"),  # Intelbras IFR 7000
    ("bfejtdig", "ms", "", "gateway"),  # Häfele TY0A01
    ("212kebqd", "ms", "", "gateway"),  # Zigbee lock 212kebqd
)

"""A small good file of each format, as its service writes it."""

NMMA_DAT = """\
2023-04-17T06:12:00.000 ztfg 19.812 0.071
2023-04-17T06:52:00.000 ztfr 19.655 0.064
60052.3125 ztfg 20.344 0.112
60054.2611 ztfr 20.900 inf
"""
TABLE = """\
objectId,mjd,filter,mag,magerr,limiting_mag,magsys,isdiffpos,instrument_name
ZTF99abcdefg,60051.2583,ztfg,19.812,0.071,20.9,ab,t,ZTF
ZTF99abcdefg,60051.2861,ztfr,19.655,0.064,20.8,ab,t,ZTF
ZTF99abcdefg,60052.3125,ztfg,20.344,0.112,20.7,ab,1,ZTF
ZTF99abcdefg,60054.2611,ztfr,,,20.9,ab,,ZTF
"""
SAMPLES = {name: text.encode() for name, text in {"nmma-dat": NMMA_DAT, "table": TABLE}.items()}
"""Name of a format to a file of it."""

"""PostgreSQL's own types.

Source: PostgreSQL's pg_type.dat, of PostgreSQL 18.
"""

from __future__ import annotations

from howdah.adapt import MultirangeInfo, RangeInfo, TypeInfo, TypesRegistry

__all__ = ["register_types"]

# name, oid, oid of the array type, name in SQL if different
_TYPES = (
    ("bool", 16, 1000, "boolean"),
    ("bytea", 17, 1001),
    ('"char"', 18, 1002),
    ("name", 19, 1003),
    ("int8", 20, 1016, "bigint"),
    ("int2", 21, 1005, "smallint"),
    ("int2vector", 22, 1006),
    ("int4", 23, 1007, "integer"),
    ("regproc", 24, 1008),
    ("text", 25, 1009),
    ("oid", 26, 1028),
    ("tid", 27, 1010),
    ("xid", 28, 1011),
    ("cid", 29, 1012),
    ("oidvector", 30, 1013),
    ("json", 114, 199),
    ("xml", 142, 143),
    ("pg_node_tree", 194, 0),
    ("point", 600, 1017),
    ("lseg", 601, 1018),
    ("path", 602, 1019),
    ("box", 603, 1020),
    ("polygon", 604, 1027),
    ("line", 628, 629),
    ("cidr", 650, 651),
    ("float4", 700, 1021, "real"),
    ("float8", 701, 1022, "double precision"),
    ("unknown", 705, 0),
    ("circle", 718, 719),
    ("macaddr8", 774, 775),
    ("money", 790, 791),
    ("macaddr", 829, 1040),
    ("inet", 869, 1041),
    ("aclitem", 1033, 1034),
    ("bpchar", 1042, 1014, "character"),
    ("varchar", 1043, 1015, "character varying"),
    ("date", 1082, 1182),
    ("time", 1083, 1183, "time without time zone"),
    ("timestamp", 1114, 1115, "timestamp without time zone"),
    ("timestamptz", 1184, 1185, "timestamp with time zone"),
    ("interval", 1186, 1187),
    ("timetz", 1266, 1270, "time with time zone"),
    ("bit", 1560, 1561),
    ("varbit", 1562, 1563, "bit varying"),
    ("numeric", 1700, 1231),
    ("refcursor", 1790, 2201),
    ("regprocedure", 2202, 2207),
    ("regoper", 2203, 2208),
    ("regoperator", 2204, 2209),
    ("regclass", 2205, 2210),
    ("regtype", 2206, 2211),
    ("record", 2249, 2287),
    ("cstring", 2275, 1263),
    ("anyarray", 2277, 0),
    ("void", 2278, 0),
    ("uuid", 2950, 2951),
    ("txid_snapshot", 2970, 2949),
    ("pg_lsn", 3220, 3221),
    ("tsvector", 3614, 3643),
    ("tsquery", 3615, 3645),
    ("gtsvector", 3642, 3644),
    ("pg_ndistinct", 3361, 0),
    ("pg_dependencies", 3402, 0),
    ("regconfig", 3734, 3735),
    ("regdictionary", 3769, 3770),
    ("jsonb", 3802, 3807),
    ("jsonpath", 4072, 4073),
    ("regnamespace", 4089, 4090),
    ("regrole", 4096, 4097),
    ("regcollation", 4191, 4192),
    ("pg_brin_bloom_summary", 4600, 0),
    ("pg_brin_minmax_multi_summary", 4601, 0),
    ("pg_mcv_list", 5017, 0),
    ("pg_snapshot", 5038, 5039),
    ("xid8", 5069, 271),
)

# name, oid, oid of the array type, oid of the type of the bounds; then the first three of the multirange
_RANGES = (
    ("int4range", 3904, 3905, 23, "int4multirange", 4451, 6150),
    ("int8range", 3926, 3927, 20, "int8multirange", 4536, 6157),
    ("numrange", 3906, 3907, 1700, "nummultirange", 4532, 6151),
    ("daterange", 3912, 3913, 1082, "datemultirange", 4535, 6155),
    ("tsrange", 3908, 3909, 1114, "tsmultirange", 4533, 6152),
    ("tstzrange", 3910, 3911, 1184, "tstzmultirange", 4534, 6153),
)


def register_types(types: TypesRegistry) -> None:
    """Add PostgreSQL's own types to a registry."""
    types.add(
        *(
            TypeInfo(
                name,
                oid,
                array_oid,
                regtype=regtype[0] if regtype else "",
                delimiter=";" if name == "box" else ",",
            )
            for name, oid, array_oid, *regtype in _TYPES
        )
    )
    for name, oid, array_oid, subtype, multirange, multirange_oid, multirange_array in _RANGES:
        types.add(
            RangeInfo(name, oid, array_oid, subtype_oid=subtype),
            MultirangeInfo(multirange, multirange_oid, multirange_array, range_oid=oid, subtype_oid=subtype),
        )

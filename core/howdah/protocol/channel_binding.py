"""Channel binding data of type tls-server-end-point: the hash of the server's certificate.

Source: RFC 5929, section 4; RFC 4055 for the parameters of RSASSA-PSS.
"""

from __future__ import annotations

_HASHES = {
    bytes.fromhex("2a864886f70d010104"): "sha256",  # md5WithRSAEncryption: SHA-256 replaces MD5 and SHA-1
    bytes.fromhex("2a864886f70d010105"): "sha256",  # sha1WithRSAEncryption
    bytes.fromhex("2a864886f70d01010b"): "sha256",
    bytes.fromhex("2a864886f70d01010c"): "sha384",
    bytes.fromhex("2a864886f70d01010d"): "sha512",
    bytes.fromhex("2a864886f70d01010e"): "sha224",
    bytes.fromhex("2a8648ce3d0401"): "sha256",  # ecdsa-with-SHA1
    bytes.fromhex("2a8648ce3d040301"): "sha224",
    bytes.fromhex("2a8648ce3d040302"): "sha256",
    bytes.fromhex("2a8648ce3d040303"): "sha384",
    bytes.fromhex("2a8648ce3d040304"): "sha512",
    bytes.fromhex("2b0e03021a"): "sha256",  # sha1, as a parameter of RSASSA-PSS
    bytes.fromhex("608648016503040201"): "sha256",
    bytes.fromhex("608648016503040202"): "sha384",
    bytes.fromhex("608648016503040203"): "sha512",
    bytes.fromhex("608648016503040204"): "sha224",
}
_RSASSA_PSS = bytes.fromhex("2a864886f70d01010a")
_SEQUENCE, _OBJECT_IDENTIFIER, _PARAMETER_0 = 0x30, 0x06, 0xA0


def tls_server_end_point(certificate: bytes) -> bytes | None:
    """Return the channel binding data for a certificate.

    Args:
        certificate: the server's certificate, in DER.

    Returns:
        Its hash with the hash function of its signature; None when that function is unknown or,
        as for Ed25519, undefined.
    """
    try:
        name = _hash_name(certificate)
    except (IndexError, ValueError):
        return None
    import hashlib

    return None if name is None else hashlib.new(name, certificate).digest()


def _hash_name(certificate: bytes) -> str | None:
    content, _ = _element(certificate, _SEQUENCE)
    _, rest = _element(content, _SEQUENCE)  # tbsCertificate
    algorithm, _ = _element(rest, _SEQUENCE)  # signatureAlgorithm
    identifier, parameters = _element(algorithm, _OBJECT_IDENTIFIER)
    if identifier != _RSASSA_PSS:
        return _HASHES.get(identifier)
    parameters, _ = _element(parameters, _SEQUENCE)
    if not parameters or parameters[0] != _PARAMETER_0:
        return "sha256"  # the default is SHA-1
    tagged, _ = _element(parameters, _PARAMETER_0)
    algorithm, _ = _element(tagged, _SEQUENCE)
    identifier, _ = _element(algorithm, _OBJECT_IDENTIFIER)
    return _HASHES.get(identifier)


def _element(data: bytes, expected: int) -> tuple[bytes, bytes]:
    """Return the content of the first DER element, which must have this tag, and what follows it."""
    tag, length, start = data[0], data[1], 2
    if tag != expected:
        raise ValueError(f"expected DER tag {expected:#x}, found {tag:#x}")
    if length & 0x80:
        start = 2 + (length & 0x7F)
        length = int.from_bytes(data[2:start], "big")
    if start + length > len(data):
        raise ValueError("truncated DER element")
    return data[start : start + length], data[start + length :]

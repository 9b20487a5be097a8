"""Why a connection cannot be made or is gone, in words for people: one line for each reason."""

from __future__ import annotations

import socket
import ssl

#: What OpenSSL found wrong with a certificate (X509_V_ERR_…, openssl-verify(1)).
_CERTIFICATE = {
    9: "its certificate is not valid yet",
    10: "its certificate has expired",
    18: "its certificate is signed by nobody but itself: name it with --cafile if you trust it",
    19: "its certificate comes from an authority that is not known here (--cafile FILE names one)",
    20: "its certificate comes from an authority that is not known here (--cafile FILE names one)",
    21: "its certificate cannot be traced to a known authority (--cafile FILE names one)",
    62: "its certificate is for another name",
    64: "its certificate is for another address",
}
#: How OpenSSL says that what answered is not TLS.
_NOT_TLS = (
    "WRONG_VERSION_NUMBER",
    "HTTP_REQUEST",
    "PACKET_LENGTH_TOO_LONG",
    "RECORD_LAYER_FAILURE",
)


def explain(error: Exception) -> str:
    """What to say behind `HOST port PORT`."""
    match error:
        case ssl.SSLCertVerificationError():
            unknown = f"its certificate is not good: {error.verify_message}"
            return f"cannot be trusted: {_CERTIFICATE.get(error.verify_code, unknown)}"
        case ssl.SSLEOFError():
            return "closed the connection instead of speaking TLS: try without --tls"
        case ssl.SSLError() if error.reason in _NOT_TLS:
            return "does not speak TLS: try without --tls"
        case ssl.SSLError():
            return f"does not agree with us on TLS ({error.reason or error})"
        case socket.gaierror():
            return "is not known: no such host"
        case ConnectionRefusedError():
            return "refuses: nobody listens there"
        case TimeoutError():
            return "does not answer"
        case ConnectionError():
            return "broke the connection"
        case OSError():
            return f"cannot be reached: {error.strerror or error}"
    return f"cannot be reached: {error}"

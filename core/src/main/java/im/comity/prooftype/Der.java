package im.comity.prooftype;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.security.cert.CertificateParsingException;
import java.util.Arrays;

/**
 * A cursor over the elements of one DER value (X.690), as far as two certificate extensions need
 * it: definite lengths and single-octet tags. The JDK decodes {@code otherName} differently from
 * version to version and gives no access to name constraints (DNA-ID-15, DNA-ID-13).
 */
final class Der {
  static final int OCTET_STRING = 0x04;
  static final int OBJECT_IDENTIFIER = 0x06;
  static final int SEQUENCE = 0x30;
  private static final int UTF8_STRING = 0x0C;
  private static final int PRINTABLE_STRING = 0x13;
  private static final int IA5_STRING = 0x16;

  private final byte[] bytes;
  private final int end;
  private int at;

  private Der(byte[] bytes, int from, int end) {
    this.bytes = bytes;
    this.at = from;
    this.end = end;
  }

  static Der of(byte[] bytes) {
    return new Der(bytes, 0, bytes.length);
  }

  boolean hasMore() {
    return at < end;
  }

  /** The tag octet of the next element. */
  int tag() throws CertificateParsingException {
    if (at >= end) {
      throw new CertificateParsingException("DER ends where an element is due");
    }
    return bytes[at] & 0xFF;
  }

  /** Passes the next element, which must have this tag, and returns a cursor over its contents. */
  Der enter(int tag) throws CertificateParsingException {
    if (tag() != tag) {
      throw new CertificateParsingException(
          "DER tag 0x%02X where 0x%02X is due".formatted(tag(), tag));
    }
    return next();
  }

  /** Passes the next element, whatever it is, and returns a cursor over its contents. */
  Der next() throws CertificateParsingException {
    if ((tag() & 0x1F) == 0x1F) {
      throw new CertificateParsingException("DER tag of more than one octet");
    }
    at++;
    int length = length();
    Der contents = new Der(bytes, at, at + length);
    at += length;
    return contents;
  }

  /** What this cursor has not passed yet. */
  byte[] rest() {
    return Arrays.copyOfRange(bytes, at, end);
  }

  /**
   * Passes the next element, which must be a character string, and returns its text. Issuers have
   * mixed the types up, so any whose octets are UTF-8 will do.
   */
  String string() throws CertificateParsingException {
    int tag = tag();
    if (tag != UTF8_STRING && tag != IA5_STRING && tag != PRINTABLE_STRING) {
      throw new CertificateParsingException("DER tag 0x%02X is no string".formatted(tag));
    }
    return next().text();
  }

  /** The contents as text, for implicitly tagged strings. */
  String text() throws CertificateParsingException {
    if (isAscii()) {
      return new String(bytes, at, end - at, StandardCharsets.US_ASCII);
    }
    try {
      return StandardCharsets.UTF_8
          .newDecoder()
          .decode(ByteBuffer.wrap(bytes, at, end - at))
          .toString();
    } catch (CharacterCodingException e) {
      throw new CertificateParsingException("string is not UTF-8", e);
    }
  }

  /** As nearly every name is, of which a certificate may have hundreds. */
  private boolean isAscii() {
    for (int i = at; i < end; i++) {
      if (bytes[i] < 0) {
        return false;
      }
    }
    return true;
  }

  private int length() throws CertificateParsingException {
    int first = octet();
    if (first < 0x80) {
      return within(first);
    }
    int count = first & 0x7F;
    if (count == 0 || count > 3) {
      throw new CertificateParsingException("DER length of %d octets".formatted(count));
    }
    int length = 0;
    for (int i = 0; i < count; i++) {
      length = length << 8 | octet();
    }
    return within(length);
  }

  private int within(int length) throws CertificateParsingException {
    if (length > end - at) {
      throw new CertificateParsingException("DER element is longer than what holds it");
    }
    return length;
  }

  private int octet() throws CertificateParsingException {
    if (at >= end) {
      throw new CertificateParsingException("DER ends inside a length");
    }
    return bytes[at++] & 0xFF;
  }
}

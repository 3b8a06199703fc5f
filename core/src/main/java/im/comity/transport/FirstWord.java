package im.comity.transport;

/**
 * Whether what a peer has sent so far is worth listening to: there may be something in it to be
 * answered, or it is clear that there will never be. Until then a connection is bytes and no more:
 * no thread, no parser, no handshake (S2S-DOS-04).
 */
final class FirstWord {
  private static final int TLS_HANDSHAKE = 22;
  private static final int TLS_RECORD_HEADER = 5;

  private FirstWord() {}

  /**
   * Looks at the bytes from the beginning of the connection.
   *
   * @param bytes what has come
   * @param length how much of it; a caller that can hold no more asks no more
   * @return of TLS: whether its first record is whole; of XML: whether a tag has ended that is not
   *     the XML declaration; true of all that begins like neither
   */
  static boolean isIn(byte[] bytes, int length) {
    if (length == 0) {
      return false;
    }
    return bytes[0] == TLS_HANDSHAKE ? isRecord(bytes, length) : isNoUnfinishedTag(bytes, length);
  }

  private static boolean isRecord(byte[] bytes, int length) {
    return length >= TLS_RECORD_HEADER
        && length >= TLS_RECORD_HEADER + ((bytes[3] & 0xff) << 8 | bytes[4] & 0xff);
  }

  private static boolean isNoUnfinishedTag(byte[] bytes, int length) {
    int at = 0;
    while (at < length && isSpace(bytes[at])) {
      at++;
    }
    if (at == length) {
      return false;
    }
    if (bytes[at] != '<') {
      return true;
    }
    for (int i = at + 1; i < length; i++) {
      if (bytes[i] == '>' && bytes[i - 1] != '?') {
        return true;
      }
    }
    return false;
  }

  private static boolean isSpace(byte b) {
    return b == ' ' || b == '\n' || b == '\r' || b == '\t';
  }
}

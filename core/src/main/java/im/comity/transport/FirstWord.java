package im.comity.transport;

/**
 * What a peer has said so far, before anybody listens. While it is {@link #AWAITED} a connection is
 * bytes and no more: no thread, no parser, no handshake (S2S-DOS-04).
 */
enum FirstWord {
  /** More must come before there is something to answer. */
  AWAITED,
  /** There may be something to answer. */
  SAID,
  /** It will never be said. */
  NONE;

  private static final int TLS_HANDSHAKE = 22;
  private static final int TLS_RECORD_HEADER = 5;

  /**
   * Looks at the bytes from the beginning of the connection.
   *
   * @param bytes what has come
   * @param length how much of it; a caller that can hold no more asks no more
   * @return of TLS: said when its first record is whole; of XML: when a tag has ended that is not
   *     the XML declaration; none of all that begins like neither
   */
  static FirstWord in(byte[] bytes, int length) {
    int at = 0;
    while (at < length && isSpace(bytes[at])) {
      at++;
    }
    if (at == length) {
      return AWAITED;
    }
    return switch (bytes[at]) {
      case TLS_HANDSHAKE -> at > 0 ? NONE : isRecord(bytes, length) ? SAID : AWAITED;
      case '<' -> isTag(bytes, at + 1, length) ? SAID : AWAITED;
      default -> NONE;
    };
  }

  private static boolean isRecord(byte[] bytes, int length) {
    return length >= TLS_RECORD_HEADER
        && length >= TLS_RECORD_HEADER + (((bytes[3] & 0xff) << 8) | (bytes[4] & 0xff));
  }

  private static boolean isTag(byte[] bytes, int from, int length) {
    for (int i = from; i < length; i++) {
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

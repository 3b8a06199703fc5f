package im.comity.prooftype;

/** What a peer wrote, made fit for a line of evidence. */
final class Text {
  private static final int LONGEST = 200;

  private Text() {}

  /** The text with control and format characters escaped, cut after 200 characters. */
  static String shown(String text) {
    StringBuilder shown = new StringBuilder(Math.min(text.length(), LONGEST) + 3);
    int at = 0;
    while (at < text.length() && shown.length() < LONGEST) {
      int c = text.codePointAt(at);
      at += Character.charCount(c);
      switch (Character.getType(c)) {
        case Character.CONTROL,
            Character.FORMAT,
            Character.SURROGATE,
            Character.LINE_SEPARATOR,
            Character.PARAGRAPH_SEPARATOR,
            Character.PRIVATE_USE,
            Character.UNASSIGNED ->
            shown.append("\\u{").append(Integer.toHexString(c)).append('}');
        default -> shown.appendCodePoint(c);
      }
    }
    return at < text.length() ? shown.append("...").toString() : shown.toString();
  }
}

package im.comity.address;

import com.ibm.icu.lang.UCharacter;
import com.ibm.icu.text.IDNA;

/**
 * IDNA2008 names by way of UTS 46, for the names that are not plain ASCII. A class of its own so
 * that a process which never sees such a name never loads ICU's tables.
 *
 * <p>UTS 46 lets symbols and emoji pass that IDNA2008 calls DISALLOWED. RFC 7622 3.2 admits
 * U-labels only, so the derived property of RFC 5892 is checked on what the mapping yields.
 */
final class Idna {
  private static final IDNA UTS46 =
      IDNA.getUTS46Instance(
          IDNA.NONTRANSITIONAL_TO_ASCII
              | IDNA.NONTRANSITIONAL_TO_UNICODE
              | IDNA.CHECK_BIDI
              | IDNA.CHECK_CONTEXTJ
              | IDNA.CHECK_CONTEXTO
              | IDNA.USE_STD3_RULES);

  /** General categories of RFC 5892 2.1 (LetterDigits); after the mapping no upper case is left. */
  private static final int LETTERS_AND_DIGITS =
      1 << Character.LOWERCASE_LETTER
          | 1 << Character.OTHER_LETTER
          | 1 << Character.MODIFIER_LETTER
          | 1 << Character.NON_SPACING_MARK
          | 1 << Character.COMBINING_SPACING_MARK
          | 1 << Character.DECIMAL_DIGIT_NUMBER;

  /**
   * RFC 5892 2.6: valid though no letter or digit. The join controls and those of rule CONTEXTO
   * have passed UTS 46's test of their context already.
   */
  private static final String EXCEPTIONALLY_VALID =
      "-.\u00b7\u0375\u05f3\u05f4\u06fd\u06fe\u0f0b\u3007\u30fb\u200c\u200d";

  /** RFC 5892 2.6: disallowed though a letter. */
  private static final String EXCEPTIONALLY_DISALLOWED =
      "\u0640\u07fa\u302e\u302f\u3031\u3032\u3033\u3034\u3035\u303b";

  private Idna() {}

  /** Maps a name and turns its A-labels into U-labels; refuses what is no domain of IDNA2008. */
  static String toUnicode(String name, String offending) throws AddressFormatException {
    IDNA.Info info = new IDNA.Info();
    String unicode = UTS46.nameToUnicode(name, new StringBuilder(), info).toString();
    if (info.hasErrors()) {
      throw Domain.bad("a domain is not valid by UTS 46 " + info.getErrors(), offending);
    }
    int at = disallowed(unicode);
    if (at >= 0) {
      throw Domain.bad(
          "a domain holds U+%04X, which IDNA2008 disallows".formatted(unicode.codePointAt(at)),
          offending);
    }
    return unicode;
  }

  /** Turns the U-labels of a prepared name into A-labels. */
  static String toAscii(String unicode, String offending) throws AddressFormatException {
    IDNA.Info info = new IDNA.Info();
    String ascii = UTS46.nameToASCII(unicode, new StringBuilder(), info).toString();
    // DNS's limit on the whole name is not that of a domainpart.
    info.getErrors().remove(IDNA.Error.DOMAIN_NAME_TOO_LONG);
    if (!info.getErrors().isEmpty()) {
      throw Domain.bad("a domain has no ASCII form " + info.getErrors(), offending);
    }
    return ascii;
  }

  private static int disallowed(String unicode) {
    for (int i = 0; i < unicode.length(); i += Character.charCount(unicode.codePointAt(i))) {
      int c = unicode.codePointAt(i);
      if (EXCEPTIONALLY_DISALLOWED.indexOf(c) >= 0 || isOldHangulJamo(c)) {
        return i;
      }
      if ((1 << UCharacter.getType(c) & LETTERS_AND_DIGITS) == 0
          && EXCEPTIONALLY_VALID.indexOf(c) < 0) {
        return i;
      }
    }
    return -1;
  }

  /** RFC 5892 2.9. */
  private static boolean isOldHangulJamo(int c) {
    return (c >= 0x1100 && c <= 0x11ff)
        || (c >= 0xa960 && c <= 0xa97c)
        || (c >= 0xd7b0 && c <= 0xd7fb);
  }
}

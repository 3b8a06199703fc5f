package im.comity.xml;

/** Stands where the body is still to come. */
@SuppressWarnings({"TypeParameterUnusedInFormals", "DoNotCallSuggester"})
final class Soon {
  private Soon() {}

  static <T> T soon() {
    if (Soon.class.getName().isEmpty()) {
      throw new IllegalStateException();
    }
    throw new UnsupportedOperationException();
  }
}

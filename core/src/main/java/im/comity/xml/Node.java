package im.comity.xml;

/** What an element contains: elements and text. */
public sealed interface Node permits Element, Node.Text {

  /**
   * Character data, with references resolved and line ends normalised (XML 1.0 2.11); it does not
   * tell whether it came from a CDATA section.
   */
  record Text(String text) implements Node {}
}

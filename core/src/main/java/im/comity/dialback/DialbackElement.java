package im.comity.dialback;

import im.comity.address.DomainPair;
import im.comity.xml.Element;
import org.jspecify.annotations.Nullable;

/**
 * One of the four things that dialback says (XEP-0220 section 2).
 *
 * <p>Each holds the pair in the direction of flow; which of its two domains stands in {@code from}
 * follows from who speaks.
 */
public sealed interface DialbackElement {
  /** The pair that is asked or answered about: the sender is the domain to be verified. */
  DomainPair pair();

  /** The XML, always with the prefix {@code db}. */
  Element toElement();

  /**
   * Step 1: the initiating server asks to be taken for the sender.
   *
   * @param key what the sender's authoritative server is to confirm
   */
  record Result(DomainPair pair, DialbackKey key) implements DialbackElement {
    @Override
    public Element toElement() {
      return Wire.element(Wire.RESULT, pair.sender(), pair.target(), null).text(key.text()).build();
    }
  }

  /**
   * Step 2: the receiving server asks the authoritative server about a key.
   *
   * @param id the id of the stream on which the key came
   * @param key as it came
   */
  record Verify(DomainPair pair, String id, DialbackKey key) implements DialbackElement {
    @Override
    public Element toElement() {
      return Wire.element(Wire.VERIFY, pair.target(), pair.sender(), id).text(key.text()).build();
    }
  }

  /**
   * Step 3: the authoritative server answers.
   *
   * @param id as it was asked
   */
  record VerifyAnswer(DomainPair pair, String id, DialbackAnswer answer)
      implements DialbackElement {
    @Override
    public Element toElement() {
      return Wire.answer(Wire.element(Wire.VERIFY, pair.sender(), pair.target(), id), answer);
    }
  }

  /** Step 4: the receiving server answers. */
  record ResultAnswer(DomainPair pair, DialbackAnswer answer) implements DialbackElement {
    @Override
    public Element toElement() {
      return Wire.answer(Wire.element(Wire.RESULT, pair.target(), pair.sender(), null), answer);
    }
  }

  /**
   * Reads an element, by its namespace, whatever the prefix; further attributes and children are
   * passed over. What has a {@code type} is an answer, what has none is a request.
   *
   * @return null if it is no element of dialback
   */
  static @Nullable DialbackReading read(Element element) {
    return Wire.read(element, element.attribute("type") != null);
  }

  /**
   * Reads an element on a stream on which only answers may come: one that we opened, without bidi.
   * There a missing {@code type} is an error like an unknown one (S2S-DB-55).
   *
   * @return null if it is no element of dialback
   */
  static @Nullable DialbackReading readAnswer(Element element) {
    return Wire.read(element, true);
  }
}

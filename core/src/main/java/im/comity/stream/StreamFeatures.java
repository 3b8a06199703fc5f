package im.comity.stream;

import im.comity.xml.Element;
import im.comity.xml.Namespaces;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A list of stream features, ours or a peer's. Order has no meaning (S2S-FEAT-06).
 *
 * @param startTls whether STARTTLS is offered
 * @param startTlsRequired whether it is marked as required
 * @param external whether SASL EXTERNAL is offered
 * @param dialback whether dialback is offered
 * @param dialbackErrors whether the peer says that it handles dialback errors
 * @param bidi whether bidirectional streams are offered
 * @param limits the limits of XEP-0478, or null
 * @param unknownRequired names of required features that we do not know
 */
public record StreamFeatures(
    boolean startTls,
    boolean startTlsRequired,
    boolean external,
    boolean dialback,
    boolean dialbackErrors,
    boolean bidi,
    @Nullable StreamLimits limits,
    List<String> unknownRequired) {

  /** An empty list; also what a peer before 1.0 has. */
  public static final StreamFeatures NONE =
      new StreamFeatures(false, false, false, false, false, false, null, List.of());

  /** The most features of which the names are kept. */
  private static final int NAMES_KEPT = 8;

  /** What we offer: dialback always with errors (S2S-FEAT-12), never an empty mechanisms list. */
  public static StreamFeatures offer(
      boolean startTls,
      boolean startTlsRequired,
      boolean external,
      boolean dialback,
      @Nullable StreamLimits limits) {
    return new StreamFeatures(
        startTls, startTlsRequired, external, dialback, dialback, false, limits, List.of());
  }

  /** Reads a peer's list. */
  public static StreamFeatures parse(Element features) {
    boolean startTls = false;
    boolean startTlsRequired = false;
    boolean external = false;
    boolean dialback = false;
    boolean dialbackErrors = false;
    boolean bidi = false;
    StreamLimits limits = null;
    List<String> unknown = new ArrayList<>();
    for (Element feature : features.children()) {
      if (feature.is(Namespaces.TLS, "starttls")) {
        startTls = true;
        startTlsRequired = feature.child(Namespaces.TLS, "required") != null;
      } else if (feature.is(Namespaces.SASL, "mechanisms")) {
        for (Element mechanism : feature.children()) {
          external |=
              mechanism.is(Namespaces.SASL, "mechanism")
                  && mechanism.text().strip().equals("EXTERNAL");
        }
      } else if (feature.is(Namespaces.DIALBACK_FEATURE, "dialback")) {
        dialback = true;
        dialbackErrors = feature.child(Namespaces.DIALBACK_FEATURE, "errors") != null;
      } else if (feature.is(Namespaces.BIDI_FEATURE, "bidi")) {
        bidi = true;
      } else if (feature.is(Namespaces.STREAM_LIMITS, "limits")) {
        limits = StreamLimits.parse(feature);
      } else if (unknown.size() < NAMES_KEPT
          && feature.child(feature.namespace(), "required") != null) {
        unknown.add(feature.name());
      }
    }
    return new StreamFeatures(
        startTls, startTlsRequired, external, dialback, dialbackErrors, bidi, limits, unknown);
  }

  /** What goes on the wire; EXTERNAL stands first among what authenticates (S2S-EXT-05). */
  public Element toElement() {
    Element.Builder list = Element.of(Namespaces.STREAM, "features").prefix("stream");
    if (startTls) {
      Element.Builder feature = Element.of(Namespaces.TLS, "starttls");
      if (startTlsRequired) {
        feature.child(Element.of(Namespaces.TLS, "required").build());
      }
      list.child(feature.build());
    }
    if (external) {
      list.child(
          Element.of(Namespaces.SASL, "mechanisms")
              .child(Element.of(Namespaces.SASL, "mechanism").text("EXTERNAL").build())
              .build());
    }
    if (dialback) {
      Element.Builder feature = Element.of(Namespaces.DIALBACK_FEATURE, "dialback");
      if (dialbackErrors) {
        feature.child(Element.of(Namespaces.DIALBACK_FEATURE, "errors").build());
      }
      list.child(feature.build());
    }
    if (limits != null) {
      list.child(limits.toElement());
    }
    return list.build();
  }
}

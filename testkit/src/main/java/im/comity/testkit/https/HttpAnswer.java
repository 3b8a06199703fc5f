package im.comity.testkit.https;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;

/** What a {@link TestHttps} answers, rightly or wrongly. */
public sealed interface HttpAnswer {
  /** Reads the request and says nothing; the connection stays open until the client leaves. */
  HttpAnswer SILENCE = new Silence();

  /** An empty 404. */
  HttpAnswer NOT_FOUND = new Full(404, Map.of(), new byte[0]);

  /** 200 with a text in UTF-8. */
  static HttpAnswer ok(String contentType, String body) {
    return new Full(
        200, Map.of("Content-Type", contentType), body.getBytes(StandardCharsets.UTF_8));
  }

  /** 200 with {@code application/json}. */
  static HttpAnswer json(String body) {
    return ok("application/json", body);
  }

  /** A redirect, for example 302, to a Location that is sent as it stands. */
  static HttpAnswer redirect(int status, String location) {
    return new Full(status, Map.of("Location", location), new byte[0]);
  }

  /**
   * Status, headers and body; Content-Length and Connection are supplied unless given.
   *
   * @param status 100 to 999
   * @param headers sent as they stand
   * @param body do not change
   */
  record Full(int status, Map<String, String> headers, byte[] body) implements HttpAnswer {}

  /**
   * A full answer whose body comes in pieces with pauses between them.
   *
   * @param pieceBytes octets per piece, at least 1
   * @param pause before each piece
   */
  record Slow(Full answer, int pieceBytes, Duration pause) implements HttpAnswer {}

  /** The head of an answer without Content-Length, and a body of {@code x} that never ends. */
  record Endless(int status, Map<String, String> headers) implements HttpAnswer {}

  /**
   * A full answer of which the connection delivers so many octets, head included, and closes.
   *
   * @param afterBytes 0 to close without a word
   */
  record Cut(Full answer, int afterBytes) implements HttpAnswer {}

  /** Octets as they stand, for what is no HTTP at all. */
  record Raw(byte[] octets) implements HttpAnswer {}

  /** See {@link #SILENCE}. */
  record Silence() implements HttpAnswer {}
}

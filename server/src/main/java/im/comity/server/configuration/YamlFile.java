package im.comity.server.configuration;

import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.api.LoadSettings;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonToken;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.TokenStreamLocation;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;
import tools.jackson.dataformat.yaml.YAMLFactory;
import tools.jackson.dataformat.yaml.YAMLMapper;
import tools.jackson.dataformat.yaml.YAMLParser;

/**
 * A YAML 1.2 file as a tree, and where each key and value of it stands.
 *
 * <p>A place in the tree is named by its JSON pointer (RFC 6901). Of YAML this is the part that
 * JSON has as well: aliases, second documents and repeated keys are problems, since each of them
 * can make a file mean other than it seems to.
 */
final class YamlFile {
  /** Fifty thousand domains with settings of their own need a few megabytes. */
  private static final int MAX_CHARACTERS = 64 << 20;

  private static final YAMLMapper MAPPER =
      YAMLMapper.builder(
              YAMLFactory.builder()
                  .loadSettings(LoadSettings.builder().setCodePointLimit(MAX_CHARACTERS).build())
                  .build())
          // Told by ourselves: all of them, and where the first one stands.
          .disable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .build();

  /** Where the parser says that something is wrong; its own location is where it had begun. */
  private static final Pattern IN_READER = Pattern.compile("in reader, line (\\d+), column (\\d+)");

  private record Place(int line, int column) {
    static Place of(@Nullable TokenStreamLocation location) {
      return location == null
          ? new Place(0, 0)
          : new Place(location.getLineNr(), location.getColumnNr());
    }
  }

  private final String name;
  private final Map<String, Place> keys = new HashMap<>();
  private final Map<String, Place> values = new HashMap<>();
  private final List<Problem> problems = new ArrayList<>();
  private final Set<String> unreadable = new HashSet<>();
  private String text = "";
  private @Nullable JsonNode tree;

  private YamlFile(String name) {
    this.name = name;
  }

  /**
   * Reads a file.
   *
   * @throws ConfigurationException if there is no file, or no YAML in it
   */
  static YamlFile read(Path path) throws ConfigurationException {
    YamlFile file = new YamlFile(path.toString());
    try {
      file.text = Files.readString(path);
      file.parse(file.text);
    } catch (NoSuchFileException _) {
      file.fail("no such file");
    } catch (AccessDeniedException _) {
      file.fail("may not be read by this user");
    } catch (CharacterCodingException _) {
      file.fail("is not UTF-8");
    } catch (IOException e) {
      file.fail("cannot be read: " + e.getMessage());
    }
    return file;
  }

  /** The file as it stands. */
  String text() {
    return text;
  }

  private void fail(String text) throws ConfigurationException {
    throw new ConfigurationException(
        List.of(new Problem(name, 0, 0, Problem.Severity.ERROR, "", text)));
  }

  private void parse(String text) throws ConfigurationException {
    try (YAMLParser parser = (YAMLParser) MAPPER.createParser(text)) {
      if (parser.nextToken() == null) {
        fail("is empty; `comity config --example` prints one to begin with");
      }
      tree = value(parser, "");
      if (parser.nextToken() != null) {
        Place place = Place.of(parser.currentTokenLocation());
        problems.add(problem(place, "", "a second document begins here; one file holds one"));
      }
    } catch (JacksonException e) {
      String message = e.getOriginalMessage();
      Place place = Place.of(e.getLocation());
      for (Matcher where = IN_READER.matcher(message); where.find(); ) {
        place = new Place(Integer.parseInt(where.group(1)), Integer.parseInt(where.group(2)));
      }
      problems.add(problem(place, "", "is no YAML: " + firstOf(message)));
      throw new ConfigurationException(problems);
    }
  }

  /** What is wrong, without the excerpts and places that the parser adds on lines of their own. */
  private static String firstOf(String message) {
    List<String> lines =
        message
            .lines()
            .map(String::strip)
            .filter(line -> !line.startsWith("in reader,") && !line.startsWith("^"))
            .toList();
    // "while parsing X" / excerpt / "what was wrong" / excerpt
    for (int i = 1; i < lines.size(); i++) {
      String line = lines.get(i);
      if (line.startsWith("expected ") || line.startsWith("found ") || line.startsWith("could ")) {
        return lines.getFirst() + ", " + line;
      }
    }
    return lines.isEmpty() ? "unreadable" : lines.getFirst();
  }

  private JsonNode value(YAMLParser parser, String pointer) {
    JsonNodeFactory nodes = JsonNodeFactory.instance;
    JsonToken token = parser.currentToken();
    values.put(pointer, Place.of(parser.currentTokenLocation()));
    if (parser.isCurrentAlias()) {
      unreadable.add(pointer);
      problems.add(problem(pointer, "an alias (*" + parser.getString() + "); write the value out"));
      return nodes.nullNode();
    }
    return switch (token) {
      case START_OBJECT -> object(parser, pointer);
      case START_ARRAY -> {
        ArrayNode array = nodes.arrayNode();
        while (parser.nextToken() != JsonToken.END_ARRAY) {
          array.add(value(parser, pointer + "/" + array.size()));
        }
        yield array;
      }
      case VALUE_STRING -> nodes.stringNode(parser.getString());
      case VALUE_NUMBER_INT -> nodes.numberNode(parser.getBigIntegerValue());
      case VALUE_NUMBER_FLOAT -> nodes.numberNode(parser.getDecimalValue());
      case VALUE_TRUE -> nodes.booleanNode(true);
      case VALUE_FALSE -> nodes.booleanNode(false);
      default -> nodes.nullNode();
    };
  }

  private ObjectNode object(YAMLParser parser, String pointer) {
    ObjectNode object = JsonNodeFactory.instance.objectNode();
    while (parser.nextToken() != JsonToken.END_OBJECT) {
      String key = parser.currentName();
      String child = child(pointer, key);
      Place place = Place.of(parser.currentTokenLocation());
      Place first = keys.putIfAbsent(child, place);
      parser.nextToken();
      if (first == null) {
        object.set(key, value(parser, child));
      } else {
        problems.add(
            problem(
                place, readable(child), "stands here a second time; first in line " + first.line));
        parser.skipChildren();
      }
    }
    return object;
  }

  /** The file as the operator named it. */
  String name() {
    return name;
  }

  /** The root; null only inside {@link #read}. */
  JsonNode tree() {
    if (tree == null) {
      throw new IllegalStateException("not parsed");
    }
    return tree;
  }

  /** What was wrong in a readable file: aliases, repeated keys, further documents. */
  List<Problem> problems() {
    return problems;
  }

  /** The pointers of values that one of these problems has instead of a value. */
  Set<String> unreadable() {
    return unreadable;
  }

  /** The pointer of a key of the object at a pointer. */
  static String child(String pointer, String key) {
    return pointer + "/" + key.replace("~", "~0").replace("/", "~1");
  }

  /** The line of a value, for the origin of a rule. */
  int line(String pointer) {
    Place place = values.get(pointer);
    return place == null ? 0 : place.line;
  }

  /** An error at a value; at its nearest parent if nothing stands there. */
  Problem problem(String pointer, String text) {
    return problem(place(pointer), readable(pointer), text);
  }

  /** An error at a key. */
  Problem problemAtKey(String pointer, String text) {
    Place place = keys.get(pointer);
    return problem(place == null ? place(pointer) : place, readable(pointer), text);
  }

  /** A warning at a value. */
  Problem warning(String pointer, String text) {
    Problem problem = problem(pointer, text);
    return new Problem(
        problem.file(),
        problem.line(),
        problem.column(),
        Problem.Severity.WARNING,
        problem.path(),
        text);
  }

  private Problem problem(Place place, String path, String text) {
    return new Problem(name, place.line, place.column, Problem.Severity.ERROR, path, text);
  }

  private Place place(String pointer) {
    String at = pointer;
    while (!values.containsKey(at) && !at.isEmpty()) {
      at = at.substring(0, at.lastIndexOf('/'));
    }
    return values.getOrDefault(at, new Place(0, 0));
  }

  /** A pointer as people write it: {@code domains[1].level}. */
  static String readable(String pointer) {
    StringBuilder out = new StringBuilder();
    for (String part : pointer.split("/", -1)) {
      if (part.isEmpty()) {
        continue;
      }
      if (part.chars().allMatch(c -> c >= '0' && c <= '9')) {
        out.append('[').append(part).append(']');
      } else {
        out.append(out.isEmpty() ? "" : ".").append(part.replace("~1", "/").replace("~0", "~"));
      }
    }
    return out.toString();
  }
}

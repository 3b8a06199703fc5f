package im.comity.server.configuration;

import com.networknt.schema.Error;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import com.networknt.schema.path.NodePath;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Holds a file against the schema, and says in words of ours what does not fit.
 *
 * <p>The published schema is the only list of keys, types, choices and bounds; nothing here repeats
 * it.
 */
final class SchemaCheck {
  private static final String RESOURCE = "/im/comity/server/comity.schema.json";

  /** Values of this key are never shown. */
  private static final String SECRET = "secret";

  private final Schema schema;
  private final JsonNode schemaTree;

  /** Where each key may stand, as people write it; the root is the empty text. */
  private final Map<String, Set<String>> homes = new TreeMap<>();

  SchemaCheck() {
    String text = text();
    schema =
        SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12, _ -> {})
            .getSchema(text);
    schemaTree = JsonMapper.shared().readTree(text);
    findHomes(schemaTree, "");
  }

  /** The schema as it is published. */
  static String text() {
    try (InputStream in = SchemaCheck.class.getResourceAsStream(RESOURCE)) {
      if (in == null) {
        throw new IllegalStateException(RESOURCE + " is missing in this build");
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new IllegalStateException(RESOURCE + " cannot be read", e);
    }
  }

  private void findHomes(JsonNode described, String path) {
    JsonNode node = resolved(described);
    node.path("properties")
        .properties()
        .forEach(
            property -> {
              homes.computeIfAbsent(property.getKey(), _ -> new TreeSet<>()).add(path);
              findHomes(
                  property.getValue(),
                  path.isEmpty() ? property.getKey() : path + "." + property.getKey());
            });
    if (node.has("items")) {
      findHomes(node.path("items"), path + "[]");
    }
  }

  private JsonNode resolved(JsonNode node) {
    JsonNode reference = node.path("$ref");
    return reference.isString() ? schemaTree.at(reference.asString().substring(1)) : node;
  }

  /**
   * Checks a file.
   *
   * @return the problems, and the tree without the values that have one: whatever is still there
   *     has the shape that the schema gives it
   */
  Checked check(YamlFile file) {
    List<Problem> problems = new ArrayList<>();
    Set<String> wrong = new HashSet<>(file.unreadable());
    for (Error error : schema.validate(file.tree())) {
      String pointer = pointer(error.getInstanceLocation());
      if (error.getKeyword().equals("additionalProperties")) {
        String unknown = YamlFile.child(pointer, error.getProperty());
        wrong.add(unknown);
        problems.add(file.problemAtKey(unknown, unknownKey(error)));
      } else {
        // One problem for each value: a text that should have been a list breaks other rules too.
        if (wrong.add(pointer) || error.getKeyword().equals("required")) {
          problems.add(file.problem(pointer, text(error, pointer)));
        }
      }
    }
    return new Checked(problems, pruned(file.tree(), "", wrong));
  }

  /** What a check leaves: see {@link SchemaCheck#check}. The tree is null if the root is wrong. */
  record Checked(List<Problem> problems, @Nullable JsonNode tree) {}

  private static String pointer(NodePath path) {
    String pointer = "";
    for (int i = 0; i < path.getNameCount(); i++) {
      pointer = YamlFile.child(pointer, String.valueOf(path.getElement(i)));
    }
    return pointer;
  }

  private static @Nullable JsonNode pruned(JsonNode node, String pointer, Set<String> wrong) {
    if (wrong.contains(pointer) && !pointer.isEmpty()) {
      return null;
    }
    if (node instanceof ObjectNode object) {
      ObjectNode copy = object.objectNode();
      object
          .properties()
          .forEach(
              entry -> {
                JsonNode child =
                    pruned(entry.getValue(), YamlFile.child(pointer, entry.getKey()), wrong);
                if (child != null) {
                  copy.set(entry.getKey(), child);
                }
              });
      return copy;
    }
    if (node instanceof ArrayNode array) {
      ArrayNode copy = array.arrayNode();
      for (int i = 0; i < array.size(); i++) {
        JsonNode child = pruned(array.get(i), pointer + "/" + i, wrong);
        // A null keeps the places of those that follow.
        copy.add(child == null ? array.nullNode() : child);
      }
      return copy;
    }
    return node;
  }

  // ---- words ---------------------------------------------------------------------------------

  private String unknownKey(Error error) {
    String key = error.getProperty();
    List<String> known = new ArrayList<>();
    parentOf(error).path("properties").properties().forEach(p -> known.add(p.getKey()));
    StringBuilder text = new StringBuilder("unknown key");
    String nearest = Nearest.of(key, known);
    Set<String> elsewhere = homes.get(key);
    if (nearest != null) {
      text.append("; did you mean ").append(nearest).append('?');
    } else if (elsewhere != null) {
      text.append("; it belongs ").append(places(elsewhere));
    }
    return text.append(nearest == null ? "; known here: " : " Known here: ")
        .append(String.join(", ", known))
        .toString();
  }

  private static String places(Set<String> homes) {
    return homes.stream()
        .map(home -> home.isEmpty() ? "at the top" : "under " + home)
        .collect(Collectors.joining(" or "));
  }

  /** The part of the schema in which the keyword of an error stands. */
  private JsonNode parentOf(Error error) {
    String fragment = error.getSchemaLocation().getFragment().toString();
    return schemaTree.at(fragment.substring(0, fragment.lastIndexOf('/')));
  }

  private String text(Error error, String pointer) {
    JsonNode rule = error.getSchemaNode();
    JsonNode given = error.getInstanceNode();
    boolean secret = pointer.endsWith("/" + SECRET);
    String shown = secret ? "the secret" : shown(given);
    return switch (error.getKeyword()) {
      case "required" -> "the key \"" + error.getProperty() + "\" is missing";
      case "type" ->
          parentOf(error).has("examples") && !given.isNull()
              ? notOfAKind(shown, parentOf(error))
              : "must be " + types(rule) + ", but is " + kind(given, secret, rule);
      case "enum" -> notAmong(given, shown, rule);
      case "minimum" -> "must be at least " + rule.asString() + ", but is " + shown;
      case "maximum" -> "must be at most " + rule.asString() + ", but is " + shown;
      case "minLength" ->
          given.asString().isEmpty()
              ? "is empty"
              : shown
                  + " has "
                  + given.asString().length()
                  + " characters; it needs "
                  + rule.asString()
                  + " or more";
      case "minItems" -> "is empty; there must be one at least";
      case "minProperties" -> "sets nothing; leave it out, or give one of " + settings(error);
      case "pattern" -> notOfAKind(shown, parentOf(error));
      default -> error.getMessage();
    };
  }

  private String settings(Error error) {
    JsonNode parent = parentOf(error);
    Set<String> required = new HashSet<>();
    parent.path("required").forEach(key -> required.add(key.asString()));
    return parent.path("properties").properties().stream()
        .map(Map.Entry::getKey)
        .filter(key -> !required.contains(key))
        .collect(Collectors.joining(", "));
  }

  private static String notAmong(JsonNode given, String shown, JsonNode rule) {
    List<String> allowed = new ArrayList<>();
    rule.forEach(choice -> allowed.add(choice.asString()));
    String nearest = given.isString() ? Nearest.of(given.asString(), allowed) : null;
    return (given.isContainer() || given.isNull() ? kind(given, false, rule) : shown)
        + " is not allowed"
        + (nearest == null ? "" : "; did you mean " + nearest + "?")
        + (nearest == null ? "; allowed: " : " Allowed: ")
        + String.join(", ", allowed);
  }

  private static String notOfAKind(String shown, JsonNode described) {
    return shown
        + " is no "
        + described.path("title").asString("value of this kind")
        + "; write it as "
        + examples(described);
  }

  private static String examples(JsonNode described) {
    List<String> examples = new ArrayList<>();
    described.path("examples").forEach(example -> examples.add(example.asString()));
    return String.join(" or ", examples);
  }

  private static String types(JsonNode rule) {
    List<String> types = new ArrayList<>();
    if (rule.isArray()) {
      rule.forEach(type -> types.add(type(type.asString())));
    } else {
      types.add(type(rule.asString()));
    }
    return String.join(" or ", types);
  }

  private static String type(String name) {
    return switch (name) {
      case "string" -> "text";
      case "integer" -> "a whole number";
      case "boolean" -> "true or false";
      case "array" -> "a list";
      case "object" -> "keys with values";
      default -> name;
    };
  }

  private static String kind(JsonNode given, boolean secret, JsonNode wanted) {
    if (given.isNull()) {
      return "empty";
    }
    if (given.isArray()) {
      return "a list";
    }
    if (given.isObject()) {
      return "keys with values";
    }
    if (given.isString()) {
      return secret ? "text" : "the text " + shown(given);
    }
    String kind = given.isBoolean() ? "the truth value" : "the number";
    // What looks like one is made a text by quotes.
    return (secret ? kind : kind + " " + given.asString())
        + (wanted.toString().contains("string") ? "; as text it needs quotes" : "");
  }

  /** A value in quotes, without what could upset a terminal, and not too long. */
  static String shown(JsonNode value) {
    if (value.isString()) {
      return quoted(value.asString());
    }
    return value.isContainer() ? "this" : value.asString();
  }

  static String quoted(String value) {
    StringBuilder out = new StringBuilder("\"");
    for (int i = 0; i < value.length(); i++) {
      if (out.length() > 60) {
        return out.append("...\"").toString();
      }
      char c = value.charAt(i);
      out.append(Character.isISOControl(c) ? "\\u%04x".formatted((int) c) : String.valueOf(c));
    }
    return out.append('"').toString();
  }
}

package im.comity.server.configuration;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** The page of the manual about the configuration, made from the schema. */
final class Manual {
  private Manual() {}

  /** Every key, as {@code domains[].level}, with its part of the schema, references resolved. */
  static Map<String, JsonNode> keys(JsonNode schema) {
    Map<String, JsonNode> keys = new LinkedHashMap<>();
    collect(schema, schema, "", keys);
    return keys;
  }

  private static void collect(
      JsonNode schema, JsonNode described, String path, Map<String, JsonNode> keys) {
    for (Map.Entry<String, JsonNode> property : described.path("properties").properties()) {
      JsonNode resolved = resolved(schema, property.getValue());
      String key = path.isEmpty() ? property.getKey() : path + "." + property.getKey();
      keys.put(key, resolved);
      collect(schema, resolved, key, keys);
      JsonNode items = resolved(schema, resolved.path("items"));
      if (items.has("properties")) {
        collect(schema, items, key + "[]", keys);
      }
    }
  }

  /** What stands beside a reference goes before what it refers to. */
  private static JsonNode resolved(JsonNode schema, JsonNode node) {
    if (!node.has("$ref")) {
      return node;
    }
    ObjectNode merged =
        (ObjectNode) schema.at(node.path("$ref").asString().substring(1)).deepCopy();
    node.properties().forEach(entry -> merged.set(entry.getKey(), entry.getValue()));
    return merged;
  }

  static String page(JsonNode schema) {
    StringBuilder out = new StringBuilder();
    out.append(
        """
        # Configuration

        Made from the schema, `comity.schema.json`; do not edit it. `comity config --example` prints a file
        to begin with, in which every key is explained; `comity config --check FILE` tells every problem of
        a file at once, with line and column; `comity config --schema` prints the schema, for editors that
        complete by it.

        """);
    out.append(schema.path("description").asString());
    out.append(
        " An unknown key is an error.\n\n"
            + "SIGHUP reads the file again: all of it is taken, or, if it has an error, nothing.\n");
    Map<String, JsonNode> keys = keys(schema);
    for (Map.Entry<String, JsonNode> entry : keys.entrySet()) {
      String key = entry.getKey();
      JsonNode described = entry.getValue();
      if (!key.contains(".")) {
        out.append("\n## ").append(key).append("\n\n");
        out.append(described.path("description").asString()).append('\n');
        out.append(facts(described));
        if (keys.keySet().stream().anyMatch(other -> isBelow(other, key))) {
          out.append("\n| Key | Value | Default | Meaning |\n| --- | --- | --- | --- |\n");
        }
      } else {
        out.append("| `").append(key).append("` | ").append(kind(described)).append(" | ");
        out.append(described.has("default") ? "`" + text(described.path("default")) + "`" : "");
        out.append(" | ").append(described.path("description").asString()).append(" |\n");
      }
    }
    return out.toString();
  }

  private static boolean isBelow(String key, String parent) {
    return key.startsWith(parent + ".") || key.startsWith(parent + "[].");
  }

  private static String facts(JsonNode described) {
    String kind = kind(described);
    if (described.has("default")) {
      return "\n" + kind + "; default `" + text(described.path("default")) + "`\n";
    }
    return kind.equals("keys") || kind.equals("list") ? "" : "\n" + kind + "\n";
  }

  private static String text(JsonNode value) {
    return value.isString() ? value.asString() : value.toString().replace("\"", "");
  }

  private static String kind(JsonNode described) {
    JsonNode choices = described.has("enum") ? described.path("enum") : described.at("/then/enum");
    List<String> kinds = new ArrayList<>();
    choices.forEach(choice -> kinds.add("`" + choice.asString() + "`"));
    if (choices.isEmpty() && described.has("title")) {
      kinds.add(described.path("title").asString());
    }
    JsonNode types = described.path("type");
    for (JsonNode type : types.isArray() ? types : List.of(types)) {
      switch (type.asString("")) {
        case "string" -> {
          if (kinds.isEmpty()) {
            kinds.add("text");
          }
        }
        case "integer" -> kinds.add("number" + bounds(described));
        case "boolean" -> kinds.add("`true`, `false`");
        case "array" -> kinds.add("list");
        case "object" -> kinds.add("keys");
        default -> {}
      }
    }
    return String.join(", ", kinds);
  }

  private static String bounds(JsonNode described) {
    return " from "
        + described.path("minimum").asString()
        + " to "
        + described.path("maximum").asString();
  }
}

/**
 * The configuration: one YAML file, read whole or refused whole.
 *
 * <p>Knows the file, its schema ({@code comity.schema.json}), and what cannot be right although the
 * schema allows it. Must not start, open or change anything: it reads files and answers with values
 * or with every problem at once.
 *
 * <p>Start at {@link im.comity.server.configuration.Configuration#read}.
 */
@NullMarked
package im.comity.server.configuration;

import org.jspecify.annotations.NullMarked;

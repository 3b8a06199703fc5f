package im.comity.server.configuration;

import im.comity.prooftype.Anchors;
import im.comity.transport.TlsIdentity;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * The files that a configuration names: certificates, keys, secrets.
 *
 * <p>Names are taken relative to the folder of the configuration. What is wrong is reported at the
 * place where the file is named, and nothing comes back.
 */
final class ReferencedFiles {
  /** Time to renew a certificate in. */
  private static final Duration SOON = Duration.ofDays(21);

  /** The number of dNSName among the forms of a name (RFC 5280 4.2.1.6). */
  private static final int DNS_NAME = 2;

  private final Path base;
  private final Instant now;
  private final BiConsumer<String, String> error;
  private final BiConsumer<String, String> warning;

  /**
   * @param error takes the pointer of the place and what is wrong there
   * @param warning likewise
   */
  ReferencedFiles(
      Path configuration,
      Instant now,
      BiConsumer<String, String> error,
      BiConsumer<String, String> warning) {
    Path absolute = configuration.toAbsolutePath();
    this.base = absolute.resolveSibling("").normalize();
    this.now = now;
    this.error = error;
    this.warning = warning;
  }

  /** The only line of a file, or null if it has none, or more. */
  @Nullable String line(String name, String at) {
    Path file = base.resolve(name);
    try {
      List<String> lines = Files.readString(file).strip().lines().toList();
      if (lines.size() != 1) {
        error.accept(at, file + (lines.isEmpty() ? " is empty" : " has more than one line"));
        return null;
      }
      if (othersMayRead(file)) {
        warning.accept(at, "everybody on this machine may read " + file + "; chmod 600 it");
      }
      return lines.getFirst().strip();
    } catch (IOException e) {
      error.accept(at, why(e, file));
      return null;
    }
  }

  /** Whether everybody on this machine may read a file. Where that cannot be known: no. */
  static boolean othersMayRead(Path file) {
    try {
      return Files.getPosixFilePermissions(file).contains(PosixFilePermission.OTHERS_READ);
    } catch (IOException | UnsupportedOperationException _) {
      return false; // only a warning hangs on it
    }
  }

  /** The certificates of a PEM file of authorities. */
  List<X509Certificate> anchors(String name, String at) {
    Path file = base.resolve(name);
    try {
      return List.copyOf(Anchors.fromPem(file));
    } catch (IOException e) {
      error.accept(at, why(e, file));
      return List.of();
    }
  }

  /** The authorities that this system believes. */
  List<X509Certificate> systemAnchors(String at) {
    try {
      return List.copyOf(Anchors.system());
    } catch (IOException e) {
      error.accept(at, "the system's authorities cannot be read: " + e.getMessage());
      return List.of();
    }
  }

  /** A certificate that was named by itself: one that has expired is an error. */
  @Nullable TlsIdentity identity(String chain, String key, String at) {
    TlsIdentity identity = load(base.resolve(chain), base.resolve(key), at);
    return identity == null || !isValid(identity, at, error) ? null : identity;
  }

  /**
   * The certificates of a folder: {@code NAME.crt} with {@code NAME.key}, and {@code fullchain.pem}
   * with {@code privkey.pem} of its sub-folders. Of many, one that has expired is a warning: the
   * domains of the others must not wait for it.
   */
  List<TlsIdentity> identities(String name, String at) {
    Path folder = base.resolve(name);
    List<TlsIdentity> identities = new ArrayList<>();
    Set<Path> chains = new TreeSet<>();
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(folder)) {
      for (Path entry : entries) {
        if (entry.getFileName().toString().endsWith(".crt")) {
          chains.add(entry);
        } else if (Files.exists(entry.resolve("fullchain.pem"))) {
          chains.add(entry.resolve("fullchain.pem"));
        }
      }
    } catch (IOException e) {
      error.accept(at, why(e, folder));
      return identities;
    }
    if (chains.isEmpty()) {
      error.accept(
          at,
          folder + " holds neither NAME.crt with NAME.key nor NAME/fullchain.pem with privkey.pem");
    }
    for (Path chain : chains) {
      String file = chain.getFileName().toString();
      TlsIdentity identity =
          load(
              chain,
              chain.resolveSibling(
                  file.endsWith(".crt")
                      ? file.substring(0, file.length() - ".crt".length()) + ".key"
                      : "privkey.pem"),
              at);
      if (identity != null) {
        isValid(identity, at, warning);
        identities.add(identity);
      }
    }
    return identities;
  }

  private @Nullable TlsIdentity load(Path chain, Path key, String at) {
    for (Path file : List.of(chain, key)) {
      if (!Files.isReadable(file)) {
        error.accept(
            at, Files.exists(file) ? file + " may not be read by this user" : noSuchFile(file));
        return null;
      }
    }
    try {
      TlsIdentity identity = TlsIdentity.load(chain, key);
      warnOfNamesFewRead(identity, at);
      return identity;
    } catch (IOException e) {
      error.accept(at, String.valueOf(e.getMessage())); // which names the file
      return null;
    }
  }

  /** Some servers read neither SRVName nor XmppAddr (S2S-CERT-06). */
  private void warnOfNamesFewRead(TlsIdentity identity, String at) {
    Set<String> names = new TreeSet<>(identity.names());
    try {
      Collection<List<?>> alternatives = identity.chain().getFirst().getSubjectAlternativeNames();
      if (alternatives != null) {
        for (List<?> alternative : alternatives) {
          if (alternative.get(0).equals(DNS_NAME)) {
            names.remove(String.valueOf(alternative.get(1)).toLowerCase(Locale.ROOT));
          }
        }
      }
    } catch (CertificateParsingException e) {
      error.accept(at, identity.name() + ": its names cannot be read: " + e.getMessage());
    }
    if (!names.isEmpty()) {
      warning.accept(
          at,
          identity.name()
              + " names "
              + String.join(", ", names)
              + " only as SRVName; some servers read dNSName alone: have it named by that as well");
    }
  }

  private boolean isValid(TlsIdentity identity, String at, BiConsumer<String, String> report) {
    X509Certificate leaf = identity.chain().getFirst();
    Instant begin = leaf.getNotBefore().toInstant();
    Instant end = leaf.getNotAfter().toInstant();
    if (end.isBefore(now)) {
      report.accept(at, identity.name() + " expired at " + end);
    } else if (begin.isAfter(now)) {
      report.accept(at, identity.name() + " is not valid before " + begin);
    } else {
      if (end.isBefore(now.plus(SOON))) {
        long days = Duration.between(now, end).toDays();
        warning.accept(at, identity.name() + " expires in " + days + " days, at " + end);
      }
      return true;
    }
    return false;
  }

  private static String noSuchFile(Path file) {
    return "no such file: " + file;
  }

  private static String why(IOException e, Path file) {
    return switch (e) {
      case NoSuchFileException _ -> noSuchFile(file);
      case AccessDeniedException _ -> file + " may not be read by this user";
      case CharacterCodingException _ -> file + " is not UTF-8";
      case NotDirectoryException _ -> file + " is no folder";
      case FileSystemException f when f.getReason() != null -> file + ": " + f.getReason();
      // Ours name the file themselves.
      default -> String.valueOf(e.getMessage());
    };
  }
}

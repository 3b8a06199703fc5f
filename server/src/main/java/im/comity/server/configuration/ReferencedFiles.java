package im.comity.server.configuration;

import im.comity.transport.TlsIdentity;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.CharacterCodingException;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
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
    List<X509Certificate> anchors = new ArrayList<>();
    try (InputStream in = Files.newInputStream(file)) {
      CertificateFactory.getInstance("X.509")
          .generateCertificates(in)
          .forEach(certificate -> anchors.add((X509Certificate) certificate));
      if (anchors.isEmpty()) {
        error.accept(at, file + " holds no certificate");
      }
    } catch (IOException e) {
      error.accept(at, why(e, file));
    } catch (CertificateException e) {
      error.accept(at, file + " is no file of PEM certificates: " + e.getMessage());
    }
    return anchors;
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
      return TlsIdentity.load(chain, key);
    } catch (IOException e) {
      error.accept(at, chain + " with " + key + ": " + e.getMessage());
      return null;
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
      case FileSystemException f when f.getReason() != null -> file + ": " + f.getReason();
      default -> file + " cannot be read: " + e.getMessage();
    };
  }
}

package im.comity.xml;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.io.ByteArrayOutputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The C parser that Prosody and ejabberd read their streams with, in the process, if the machine
 * has it: once with U+0001 between namespace and name as the one has it, once with a line feed as
 * the other.
 */
@SuppressWarnings({"restricted", "UnusedMethod", "UnusedVariable"})
final class Expat implements Oracle {
  private static final @Nullable Library LIBRARY = Library.load();

  private final String name;
  private final byte separator;
  private final Library library;

  private Expat(String name, char separator, Library library) {
    this.name = name;
    this.separator = (byte) separator;
    this.library = library;
  }

  /** None if there is no libexpat. */
  static List<Oracle> parsers() {
    return LIBRARY == null
        ? List.of()
        : List.of(
            new Expat("expat (U+0001)", '\u0001', LIBRARY),
            new Expat("expat (line feed)", '\n', LIBRARY));
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public Reading read(byte[] document) throws Refused {
    return library.read(document, separator);
  }

  private static final class Library {
    private final MethodHandle create;
    private final MethodHandle setElementHandler;
    private final MethodHandle setTextHandler;
    private final MethodHandle setCommentHandler;
    private final MethodHandle setInstructionHandler;
    private final List<MethodHandle> setProtections;
    private final MethodHandle parse;
    private final MethodHandle errorCode;
    private final MethodHandle free;
    private final MemorySegment onStart;
    private final MemorySegment onEnd;
    private final MemorySegment onText;
    private final MemorySegment onComment;
    private final MemorySegment onInstruction;

    // Of the parse that is going on.
    private Reading reading = new Reading();
    private final ByteArrayOutputStream text = new ByteArrayOutputStream();
    private String separator = "";
    private @Nullable Throwable thrown;

    private Library(SymbolLookup symbols) throws ReflectiveOperationException {
      Linker linker = Linker.nativeLinker();
      create = function(linker, symbols, "XML_ParserCreateNS", ADDRESS, ADDRESS, JAVA_BYTE);
      setElementHandler =
          procedure(linker, symbols, "XML_SetElementHandler", ADDRESS, ADDRESS, ADDRESS);
      setTextHandler = procedure(linker, symbols, "XML_SetCharacterDataHandler", ADDRESS, ADDRESS);
      setCommentHandler = procedure(linker, symbols, "XML_SetCommentHandler", ADDRESS, ADDRESS);
      setInstructionHandler =
          procedure(linker, symbols, "XML_SetProcessingInstructionHandler", ADDRESS, ADDRESS);
      parse =
          function(linker, symbols, "XML_Parse", JAVA_INT, ADDRESS, ADDRESS, JAVA_INT, JAVA_INT);
      errorCode = function(linker, symbols, "XML_GetErrorCode", JAVA_INT, ADDRESS);
      free = procedure(linker, symbols, "XML_ParserFree", ADDRESS);
      setProtections = new ArrayList<>();
      // Not in every build.
      if (symbols.find("XML_SetBillionLaughsAttackProtectionMaximumAmplification").isPresent()) {
        setProtections.add(
            MethodHandles.insertArguments(
                function(
                    linker,
                    symbols,
                    "XML_SetBillionLaughsAttackProtectionMaximumAmplification",
                    JAVA_BYTE,
                    ADDRESS,
                    JAVA_FLOAT),
                1,
                Float.MAX_VALUE));
        setProtections.add(
            MethodHandles.insertArguments(
                function(
                    linker,
                    symbols,
                    "XML_SetBillionLaughsAttackProtectionActivationThreshold",
                    JAVA_BYTE,
                    ADDRESS,
                    JAVA_LONG),
                1,
                Long.MAX_VALUE));
      }
      onStart = callback(linker, "started", ADDRESS, ADDRESS, ADDRESS);
      onEnd = callback(linker, "ended", ADDRESS, ADDRESS);
      onText = callback(linker, "text", ADDRESS, ADDRESS, JAVA_INT);
      onComment = callback(linker, "comment", ADDRESS, ADDRESS);
      onInstruction = callback(linker, "instruction", ADDRESS, ADDRESS, ADDRESS);
    }

    static @Nullable Library load() {
      try {
        return new Library(SymbolLookup.libraryLookup("libexpat.so.1", Arena.global()));
      } catch (IllegalArgumentException e) {
        return null;
      } catch (ReflectiveOperationException e) {
        throw new LinkageError("a function of expat", e);
      }
    }

    private static MethodHandle function(
        Linker linker,
        SymbolLookup symbols,
        String name,
        java.lang.foreign.MemoryLayout result,
        java.lang.foreign.MemoryLayout... arguments) {
      return linker.downcallHandle(
          symbols.findOrThrow(name), FunctionDescriptor.of(result, arguments));
    }

    private static MethodHandle procedure(
        Linker linker,
        SymbolLookup symbols,
        String name,
        java.lang.foreign.MemoryLayout... arguments) {
      return linker.downcallHandle(symbols.findOrThrow(name), FunctionDescriptor.ofVoid(arguments));
    }

    private MemorySegment callback(
        Linker linker, String name, java.lang.foreign.MemoryLayout... arguments)
        throws ReflectiveOperationException {
      FunctionDescriptor descriptor = FunctionDescriptor.ofVoid(arguments);
      MethodType type = descriptor.toMethodType();
      return linker.upcallStub(
          MethodHandles.lookup().bind(this, name, type), descriptor, Arena.global());
    }

    synchronized Reading read(byte[] document, byte nameSeparator) throws Refused {
      reading = new Reading();
      text.reset();
      thrown = null;
      separator = Character.toString(nameSeparator);
      int error = parse(document, nameSeparator);
      if (thrown != null) {
        throw new AssertionError(thrown);
      }
      if (error != 0) {
        throw new Refused("error " + error);
      }
      return reading;
    }

    private int parse(byte[] document, byte nameSeparator) {
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment bytes = arena.allocate(Math.max(1, document.length));
        MemorySegment.copy(document, 0, bytes, JAVA_BYTE, 0, document.length);
        MemorySegment parser = (MemorySegment) create.invoke(MemorySegment.NULL, nameSeparator);
        setElementHandler.invoke(parser, onStart, onEnd);
        setTextHandler.invoke(parser, onText);
        setCommentHandler.invoke(parser, onComment);
        setInstructionHandler.invoke(parser, onInstruction);
        for (MethodHandle protection : setProtections) {
          Object set = protection.invoke(parser);
        }
        int status = (int) parse.invoke(parser, bytes, document.length, 1);
        int error = status == 1 ? 0 : (int) errorCode.invoke(parser);
        free.invoke(parser);
        return error;
      } catch (RuntimeException | Error e) {
        throw e;
      } catch (Throwable e) {
        throw new AssertionError(e);
      }
    }

    // Called by expat; nothing may be thrown through it.

    private void started(MemorySegment user, MemorySegment name, MemorySegment attributes) {
      try {
        endText();
        List<String> shown = new ArrayList<>();
        MemorySegment list = attributes.reinterpret(Long.MAX_VALUE);
        for (int i = 0; list.getAtIndex(ADDRESS, i).address() != 0; i += 2) {
          String attribute = string(list.getAtIndex(ADDRESS, i));
          shown.add(
              Reading.attribute(
                  namespace(attribute), local(attribute), string(list.getAtIndex(ADDRESS, i + 1))));
        }
        String element = string(name);
        reading.start(namespace(element), local(element), shown);
      } catch (Throwable e) {
        thrown = e;
      }
    }

    private void ended(MemorySegment user, MemorySegment name) {
      try {
        endText();
        reading.end();
      } catch (Throwable e) {
        thrown = e;
      }
    }

    private void text(MemorySegment user, MemorySegment bytes, int length) {
      try {
        text.writeBytes(bytes.reinterpret(length).toArray(JAVA_BYTE));
      } catch (Throwable e) {
        thrown = e;
      }
    }

    private void comment(MemorySegment user, MemorySegment bytes) {
      reading.other("comment");
    }

    private void instruction(MemorySegment user, MemorySegment target, MemorySegment data) {
      reading.other("instruction");
    }

    private void endText() {
      reading.text(text.toString(StandardCharsets.UTF_8));
      text.reset();
    }

    private static String string(MemorySegment bytes) {
      return bytes.reinterpret(Long.MAX_VALUE).getString(0);
    }

    private String namespace(String name) {
      int end = name.indexOf(separator);
      return end < 0 ? "" : name.substring(0, end);
    }

    private String local(String name) {
      return name.substring(name.indexOf(separator) + 1);
    }
  }
}

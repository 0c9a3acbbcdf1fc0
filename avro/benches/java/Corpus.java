import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.BufferedReader;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.Predicate;
import java.util.zip.GZIPInputStream;
import org.apache.avro.AvroRuntimeException;
import org.apache.avro.Schema;
import org.apache.avro.SchemaCompatibility;
import org.apache.avro.SchemaCompatibility.SchemaCompatibilityType;

/**
 * Measures Java Avro's checker on the recorded pairs, as corpus.rs measures ours: Corpus PAIRS WARM-UP-PASSES PASSES.
 */
public final class Corpus {
  private record Pair(String reader, String writer) {}

  public static void main(String[] arguments) throws IOException {
    List<Pair> pairs = read(arguments[0]);
    int warmUp = Integer.parseInt(arguments[1]);
    int passes = Integer.parseInt(arguments[2]);
    measure("check", pairs, warmUp, passes, Corpus::compatible);
    measure("parse", pairs, warmUp, passes, pair -> parse(pair.reader) != null && parse(pair.writer) != null);
  }

  /** Prints the name, pairs per second of the median and of the fastest pass, and how many pairs the work affirmed. */
  private static void measure(String name, List<Pair> pairs, int warmUp, int passes, Predicate<Pair> work) {
    long[] nanos = new long[passes];
    long yes = 0;
    for (int pass = -warmUp; pass < passes; pass++) {
      long start = System.nanoTime();
      yes = pairs.stream().filter(work).count();
      if (pass >= 0) {
        nanos[pass] = System.nanoTime() - start;
      }
    }
    Arrays.sort(nanos);
    double median = pairs.size() * 1e9 / nanos[passes / 2];
    double fastest = pairs.size() * 1e9 / nanos[0];
    System.out.printf(Locale.ROOT, "%s %.0f %.0f %d%n", name, median, fastest, yes);
  }

  private static boolean compatible(Pair pair) {
    Schema reader = parse(pair.reader);
    Schema writer = parse(pair.writer);
    try {
      return SchemaCompatibility.checkReaderWriterCompatibility(reader, writer).getType()
          == SchemaCompatibilityType.COMPATIBLE;
    } catch (AvroRuntimeException ambiguousAlias) {
      return false;
    }
  }

  private static Schema parse(String text) {
    return new Schema.Parser().parse(text);
  }

  private static List<Pair> read(String path) throws IOException {
    List<Pair> pairs = new ArrayList<>();
    try (BufferedReader lines = new BufferedReader(
        new InputStreamReader(new GZIPInputStream(new FileInputStream(path)), StandardCharsets.UTF_8))) {
      for (String line; (line = lines.readLine()) != null; ) {
        pairs.add(pair(line));
      }
    }
    return pairs;
  }

  /** Cuts both schemas out of the line, so that they are parsed exactly as they are written. */
  private static Pair pair(String line) throws IOException {
    String reader = null;
    String writer = null;
    try (JsonParser json = new JsonFactory().createParser(line)) {
      json.nextToken();
      while (json.nextToken() == JsonToken.FIELD_NAME) {
        String name = json.currentName();
        json.nextToken();
        int start = (int) json.currentTokenLocation().getCharOffset();
        json.skipChildren();
        json.finishToken();
        String value = line.substring(start, (int) json.currentLocation().getCharOffset());
        if (name.equals("reader")) {
          reader = value;
        } else if (name.equals("writer")) {
          writer = value;
        }
      }
    }
    return new Pair(reader, writer);
  }
}

// Times SAPL on documents in its own language: a bench tool, built in a temporary folder by ../external.ts and no
// part of the project. Standard input is {policies, data, inputs}; standard output
// is {answers, roundsNs}. Subscriptions are made beforehand; variables are the members of data.
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.sapl.api.interpreter.Val;
import io.sapl.api.pdp.AuthorizationSubscription;
import io.sapl.api.pdp.Decision;
import io.sapl.api.pdp.PolicyDecisionPoint;
import io.sapl.interpreter.combinators.PolicyDocumentCombiningAlgorithm;
import io.sapl.pdp.PolicyDecisionPointFactory;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

public class Bench {
  static final int ROUNDS = 9;
  static final double ROUND_NS = 40e6;
  /** Longer than elsewhere: compiled code comes late here. */
  static final double WARM_NS = 2e9;
  /** Of the thread that asks; the process's own time has steps of ten milliseconds here. */
  static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

  final PolicyDecisionPoint pdp;
  final List<AuthorizationSubscription> asked = new ArrayList<>();

  Bench(List<String> policies, Map<String, Val> variables) throws Exception {
    pdp = PolicyDecisionPointFactory.fixedInRamPolicyDecisionPoint(
        policies, PolicyDocumentCombiningAlgorithm.PERMIT_OVERRIDES, variables);
  }

  boolean isPermitted(AuthorizationSubscription subscription) {
    return pdp.decide(subscription).blockFirst().getDecision() == Decision.PERMIT;
  }

  double pass(int turns) {
    long start = THREADS.getCurrentThreadCpuTime();
    int permitted = 0;
    for (int turn = 0; turn < turns; turn++) {
      for (AuthorizationSubscription subscription : asked) if (isPermitted(subscription)) permitted++;
    }
    if (permitted < 0) throw new IllegalStateException();
    return (THREADS.getCurrentThreadCpuTime() - start) / ((double) turns * asked.size());
  }

  public static void main(String[] args) throws Exception {
    ObjectMapper mapper = new ObjectMapper();
    JsonNode told = mapper.readTree(System.in);
    List<String> policies = new ArrayList<>();
    told.get("policies").forEach(policy -> policies.add(policy.asText()));
    Map<String, Val> variables = new HashMap<>();
    told.get("data").fields().forEachRemaining(field -> variables.put(field.getKey(), Val.of(field.getValue())));
    Bench bench = new Bench(policies, variables);
    for (JsonNode input : told.get("inputs")) {
      bench.asked.add(new AuthorizationSubscription(input.get("principal"), input.get("method"), input.get("path"), input));
    }
    List<Boolean> answers = bench.asked.stream().map(bench::isPermitted).toList();
    for (double spent = 0; spent < WARM_NS; ) spent += bench.pass(1) * bench.asked.size();
    int turns = Math.max(1, (int) (ROUND_NS / (bench.pass(1) * bench.asked.size() + 1)));
    List<Double> rounds = new ArrayList<>();
    for (int i = 0; i < ROUNDS; i++) rounds.add(bench.pass(turns));
    System.out.println(mapper.writeValueAsString(Map.of("answers", answers, "roundsNs", rounds)));
  }
}

// Times Cedar (argument `cedar`) or CEL (`cel`) on a policy in its own language. Standard input is
// {policy, data, inputs}; standard output is {answers, roundsNs}. Requests are made beforehand.
use cedar_policy::{Authorizer, Context, Decision, Entities, EntityUid, PolicySet, Request};
use serde_json::{json, Value};
use std::io::Read;
use std::str::FromStr;

const ROUNDS: usize = 9;
const ROUND_NS: f64 = 40e6;

/// CPU time of the process, of all its threads.
fn cpu_ns() -> i64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &mut time) };
    time.tv_sec as i64 * 1_000_000_000 + time.tv_nsec as i64
}

fn time(inputs: usize, ask: &mut dyn FnMut(usize)) -> Vec<f64> {
    let mut pass = |turns: usize| {
        let start = cpu_ns();
        for _ in 0..turns {
            for input in 0..inputs {
                ask(input);
            }
        }
        (cpu_ns() - start) as f64 / (turns * inputs) as f64
    };
    let turns = ((ROUND_NS / (pass(1) * inputs as f64)) as usize).max(1);
    pass(turns);
    (0..ROUNDS).map(|_| pass(turns)).collect()
}

fn uid(kind: &str, id: &str) -> EntityUid {
    EntityUid::from_str(&format!("{kind}::{}", json!(id))).unwrap()
}

fn cedar(policy: &str, inputs: &[Value]) -> Value {
    let policies = PolicySet::from_str(policy).unwrap();
    let entities = Entities::empty();
    let authorizer = Authorizer::new();
    let requests: Vec<Request> = inputs
        .iter()
        .map(|input| {
            let principal = uid("Workload", input["principal"].as_str().unwrap());
            let context = Context::from_json_value(input.clone(), None).unwrap();
            Request::new(principal, uid("Action", "ask"), uid("Service", "s"), context, None).unwrap()
        })
        .collect();
    let ask = |i: usize| authorizer.is_authorized(&requests[i], &policies, &entities).decision() == Decision::Allow;
    let answers: Vec<bool> = (0..requests.len()).map(ask).collect();
    let rounds = time(requests.len(), &mut |i| {
        std::hint::black_box(ask(i));
    });
    json!({ "answers": answers, "roundsNs": rounds })
}

fn cel(policy: &str, data: &Value, inputs: &[Value]) -> Value {
    let program = cel::Program::compile(policy).unwrap();
    let mut root = cel::Context::default();
    root.add_variable("data", data.clone()).unwrap();
    let contexts: Vec<cel::Context> = inputs
        .iter()
        .map(|input| {
            let mut context = root.new_inner_scope();
            context.add_variable("request", input.clone()).unwrap();
            context
        })
        .collect();
    let answers: Vec<Value> = contexts
        .iter()
        .map(|context| program.execute(context).unwrap().json().unwrap())
        .collect();
    let rounds = time(contexts.len(), &mut |i| {
        let _ = std::hint::black_box(program.execute(&contexts[i]));
    });
    json!({ "answers": answers, "roundsNs": rounds })
}

/// On a large stack: a chain of 10,000 alternatives is a deep tree.
fn run() {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).unwrap();
    let asked: Value = serde_json::from_str(&text).unwrap();
    let policy = asked["policy"].as_str().unwrap();
    let inputs = asked["inputs"].as_array().unwrap();
    let told = if std::env::args().nth(1).as_deref() == Some("cedar") {
        cedar(policy, inputs)
    } else {
        cel(policy, &asked["data"], inputs)
    };
    println!("{told}");
}

fn main() {
    let stack = 1 << 30;
    std::thread::Builder::new().stack_size(stack).spawn(run).unwrap().join().unwrap();
}

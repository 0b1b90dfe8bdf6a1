// Times regorus: its interpreter, or its register machine with the argument `vm`. Standard input is
// {module, data, inputs, query}; standard output is {answers, roundsNs}.
use regorus::languages::rego::compiler::Compiler;
use regorus::rvm::vm::RegoVM;
use regorus::{Engine, Rc, Value};
use serde_json::json;
use std::io::Read;

const ROUNDS: usize = 9;
const ROUND_NS: f64 = 40e6;

/// CPU time of the process, of all its threads.
fn cpu_ns() -> i64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &mut time) };
    time.tv_sec as i64 * 1_000_000_000 + time.tv_nsec as i64
}

fn time(inputs: &[Value], ask: &mut dyn FnMut(&Value) -> Value) -> serde_json::Value {
    let answers: Vec<serde_json::Value> = inputs
        .iter()
        .map(|input| serde_json::from_str(&ask(input).to_json_str().unwrap()).unwrap())
        .collect();
    let mut pass = |turns: usize| {
        let start = cpu_ns();
        for _ in 0..turns {
            for input in inputs {
                std::hint::black_box(ask(input));
            }
        }
        (cpu_ns() - start) as f64 / (turns * inputs.len()) as f64
    };
    let turns = ((ROUND_NS / (pass(1) * inputs.len() as f64)) as usize).max(1);
    pass(turns);
    let rounds: Vec<f64> = (0..ROUNDS).map(|_| pass(turns)).collect();
    json!({ "answers": answers, "roundsNs": rounds })
}

fn main() {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).unwrap();
    let asked: serde_json::Value = serde_json::from_str(&text).unwrap();
    let query = asked["query"].as_str().unwrap().to_string();
    let data = Value::from_json_str(&asked["data"].to_string()).unwrap();
    let inputs: Vec<Value> = asked["inputs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|input| Value::from_json_str(&input.to_string()).unwrap())
        .collect();
    let mut engine = Engine::new();
    engine
        .add_policy("policy.rego".to_string(), asked["module"].as_str().unwrap().to_string())
        .unwrap();
    engine.add_data(data.clone()).unwrap();
    let told = if std::env::args().nth(1).as_deref() == Some("vm") {
        let entrypoint: Rc<str> = query.clone().into();
        let compiled = engine.compile_with_entrypoint(&entrypoint).unwrap();
        let program = Compiler::compile_from_policy(&compiled, &[query.as_str()]).unwrap();
        let mut vm = RegoVM::new();
        vm.load_program(program);
        vm.set_data(data).unwrap();
        time(&inputs, &mut |input| {
            vm.set_input(input.clone());
            vm.execute().unwrap()
        })
    } else {
        time(&inputs, &mut |input| {
            engine.set_input(input.clone());
            engine.eval_rule(query.clone()).unwrap()
        })
    };
    println!("{told}");
}

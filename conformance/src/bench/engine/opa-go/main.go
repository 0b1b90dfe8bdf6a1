// Times OPA's evaluator with a prepared query: a bench tool, built in a temporary folder by
// ../external.ts and no part of the project. Standard input is {module, data, inputs, query}; standard
// output is {answers, roundsNs}.
package main

import (
	"context"
	"encoding/json"
	"os"
	"syscall"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
)

const rounds = 9
const roundNs = 40e6

type request struct {
	Module string         `json:"module"`
	Data   map[string]any `json:"data"`
	Inputs []any          `json:"inputs"`
	Query  string         `json:"query"`
}

type response struct {
	Answers  []any     `json:"answers"`
	RoundsNs []float64 `json:"roundsNs"`
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

// CPU time of the process, its collector's too.
func cpuNs() float64 {
	var used syscall.Rusage
	check(syscall.Getrusage(syscall.RUSAGE_SELF, &used))
	return float64(used.Utime.Nano() + used.Stime.Nano())
}

func main() {
	var asked request
	check(json.NewDecoder(os.Stdin).Decode(&asked))
	ctx := context.Background()
	query, err := rego.New(
		rego.Query(asked.Query),
		rego.Module("policy.rego", asked.Module),
		rego.Store(inmem.NewFromObject(asked.Data)),
	).PrepareForEval(ctx)
	check(err)
	inputs := make([]ast.Value, len(asked.Inputs))
	for i, input := range asked.Inputs {
		inputs[i], err = ast.InterfaceToValue(input)
		check(err)
	}
	ask := func(i int) any {
		results, err := query.Eval(ctx, rego.EvalParsedInput(inputs[i]))
		check(err)
		if len(results) == 0 {
			return nil
		}
		return results[0].Expressions[0].Value
	}
	pass := func(turns int) float64 {
		start := cpuNs()
		for turn := 0; turn < turns; turn++ {
			for i := range inputs {
				ask(i)
			}
		}
		return (cpuNs() - start) / float64(turns*len(inputs))
	}
	var told response
	for i := range inputs {
		told.Answers = append(told.Answers, ask(i))
	}
	turns := int(roundNs / (pass(1)*float64(len(inputs)) + 1))
	if turns < 1 {
		turns = 1
	}
	pass(turns)
	for i := 0; i < rounds; i++ {
		told.RoundsNs = append(told.RoundsNs, pass(turns))
	}
	check(json.NewEncoder(os.Stdout).Encode(told))
}

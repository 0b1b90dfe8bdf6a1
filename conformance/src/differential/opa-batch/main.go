// Answers of OPA for the differential run: a test tool, built in a temporary folder by
// ../opa.ts and no part of the project. Each line of standard input is a request, each line
// of standard output the answer to the request of the same place.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"sort"
	"sync/atomic"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/format"
	"github.com/open-policy-agent/opa/v1/storage"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
	"github.com/open-policy-agent/opa/v1/topdown"
	"github.com/open-policy-agent/opa/v1/util"
)

// Longer than any generated program takes, on a busy machine too; a program that takes it is answered with a cancel error.
const evaluationMax = 20 * time.Second

type request struct {
	Modules     map[string]string `json:"modules"`
	Data        json.RawMessage   `json:"data"`
	Inputs      []json.RawMessage `json:"inputs"`
	Entrypoints []string          `json:"entrypoints"`
	Version     int               `json:"version"` // of Rego: 0 or 1; 1 where absent
	Strict      bool              `json:"strict"`
	Format      bool              `json:"format"` // the modules' text as `opa fmt` prints it, instead of answers
}

type failure struct {
	Code    string `json:"code"`
	Message string `json:"message"`
	File    string `json:"file,omitempty"`
	Row     int    `json:"row,omitempty"`
	Column  int    `json:"column,omitempty"`
}

type answer struct {
	Value any      `json:"value,omitempty"` // absent where undefined
	Error *failure `json:"error,omitempty"`
}

type response struct {
	Errors    []failure         `json:"errors,omitempty"`
	Answers   [][]answer        `json:"answers,omitempty"` // by input, then by entrypoint
	Formatted map[string]string `json:"formatted,omitempty"`
}

func main() {
	reader := bufio.NewReaderSize(os.Stdin, 1<<20)
	writer := bufio.NewWriter(os.Stdout)
	for {
		line, err := reader.ReadBytes('\n')
		if len(line) > 0 {
			text, fault := json.Marshal(respond(line))
			if fault != nil {
				fmt.Fprintln(os.Stderr, fault)
				os.Exit(1)
			}
			writer.Write(text)
			writer.WriteByte('\n')
			writer.Flush()
		}
		if err != nil {
			return
		}
	}
}

func respond(line []byte) (result response) {
	defer func() {
		if fault := recover(); fault != nil {
			result = response{Errors: []failure{{Code: "panic", Message: fmt.Sprint(fault)}}}
		}
	}()
	var asked request
	if err := util.UnmarshalJSON(line, &asked); err != nil {
		return response{Errors: []failure{{Code: "request", Message: err.Error()}}}
	}
	modules, errs := parse(asked)
	if len(errs) > 0 {
		return response{Errors: failures(errs)}
	}
	if asked.Format {
		return formatAll(asked, modules)
	}
	compiler := ast.NewCompiler().SetErrorLimit(0).WithUseTypeCheckAnnotations(true)
	if compiler.Compile(modules); compiler.Failed() {
		return response{Errors: failures(compiler.Errors)}
	}
	return evaluate(asked, compiler)
}

func regoVersion(asked request) ast.RegoVersion {
	if asked.Version == 0 {
		return ast.RegoV1
	}
	return ast.RegoVersionFromInt(asked.Version - 1)
}

func parse(asked request) (map[string]*ast.Module, ast.Errors) {
	modules := map[string]*ast.Module{}
	var found ast.Errors
	for _, name := range sortedKeys(asked.Modules) {
		module, err := ast.ParseModuleWithOpts(name, asked.Modules[name], ast.ParserOptions{
			RegoVersion:       regoVersion(asked),
			ProcessAnnotation: true,
		})
		var errs ast.Errors
		if errors.As(err, &errs) {
			found = append(found, errs...)
		} else if err != nil {
			found = append(found, &ast.Error{Code: "rego_parse_error", Message: err.Error()})
		} else if module == nil {
			found = append(found, &ast.Error{Code: "rego_parse_error", Message: "empty module"})
		} else {
			modules[name] = module
		}
	}
	return modules, found
}

func formatAll(asked request, modules map[string]*ast.Module) response {
	formatted := map[string]string{}
	for name := range modules {
		text, err := format.SourceWithOpts(name, []byte(asked.Modules[name]), format.Opts{
			RegoVersion:   regoVersion(asked),
			ParserOptions: &ast.ParserOptions{RegoVersion: regoVersion(asked)},
		})
		if err != nil {
			return response{Errors: []failure{{Code: "format", Message: err.Error()}}}
		}
		formatted[name] = string(text)
	}
	return response{Formatted: formatted}
}

func evaluate(asked request, compiler *ast.Compiler) response {
	ctx := context.Background()
	data := map[string]any{}
	if len(asked.Data) > 0 {
		if err := util.UnmarshalJSON(asked.Data, &data); err != nil {
			return response{Errors: []failure{{Code: "request", Message: err.Error()}}}
		}
	}
	store := inmem.NewFromObjectWithOpts(data, inmem.OptRoundTripOnWrite(false), inmem.OptReturnASTValuesOnRead(false))
	transaction, err := store.NewTransaction(ctx)
	if err != nil {
		panic(err)
	}
	defer store.Abort(ctx, transaction)
	bodies := make([]ast.Body, len(asked.Entrypoints))
	for i, entrypoint := range asked.Entrypoints {
		body, err := compiler.QueryCompiler().Compile(ast.MustParseBody("result = " + entrypoint))
		if err != nil {
			panic(err)
		}
		bodies[i] = body
	}
	result := response{}
	for _, raw := range asked.Inputs {
		var input *ast.Term
		if len(raw) > 0 && string(raw) != `{"undefined":true}` {
			var value any
			if err := util.UnmarshalJSON(raw, &value); err != nil {
				panic(err)
			}
			input = ast.NewTerm(ast.MustInterfaceToValue(value))
		}
		row := make([]answer, len(bodies))
		for i, body := range bodies {
			row[i] = ask(ctx, asked, compiler, store, transaction, input, body)
		}
		result.Answers = append(result.Answers, row)
	}
	return result
}

func ask(ctx context.Context, asked request, compiler *ast.Compiler, store storage.Store, transaction storage.Transaction, input *ast.Term, body ast.Body) (result answer) {
	cancel := topdown.NewCancel()
	var done atomic.Bool
	timer := time.AfterFunc(evaluationMax, func() {
		if !done.Load() {
			cancel.Cancel()
		}
	})
	defer func() {
		done.Store(true)
		timer.Stop()
	}()
	query := topdown.NewQuery(body).
		WithCompiler(compiler).
		WithQueryCompiler(compiler.QueryCompiler()).
		WithStore(store).
		WithTransaction(transaction).
		WithInput(input).
		WithCancel(cancel).
		WithStrictBuiltinErrors(asked.Strict).
		WithTime(time.Unix(0, 0)).
		WithSeed(zeros{})
	var found *ast.Term
	err := query.Iter(ctx, func(answers topdown.QueryResult) error {
		found = answers[ast.Var("result")]
		return nil
	})
	if err != nil {
		var fault *topdown.Error
		if errors.As(err, &fault) {
			return answer{Error: &failure{Code: fault.Code, Message: fault.Message}}
		}
		return answer{Error: &failure{Code: "other", Message: err.Error()}}
	}
	if found == nil {
		return answer{}
	}
	value, err := ast.JSON(found.Value)
	if err != nil {
		return answer{Error: &failure{Code: "json", Message: err.Error()}}
	}
	if value == nil {
		return answer{Value: json.RawMessage("null")}
	}
	return answer{Value: value}
}

type zeros struct{}

func (zeros) Read(into []byte) (int, error) {
	clear(into)
	return len(into), nil
}

func failures(errs ast.Errors) []failure {
	found := make([]failure, 0, len(errs))
	for _, err := range errs {
		each := failure{Code: err.Code, Message: err.Message}
		if err.Location != nil {
			each.File, each.Row, each.Column = err.Location.File, err.Location.Row, err.Location.Col
		}
		found = append(found, each)
	}
	return found
}

func sortedKeys(of map[string]string) []string {
	keys := make([]string, 0, len(of))
	for key := range of {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	return keys
}

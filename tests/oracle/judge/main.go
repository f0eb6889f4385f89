// Judge answers, one line of JSON for each line of JSON on its standard input, what Loki and Alloy themselves make of a
// text: their verdict, what they read, and what their engine returns. It knows nothing of migrations.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
)

// Request asks about texts of one kind. Byte strings travel as Go strings: callers send UTF-8 only.
type Request struct {
	// Kind is "logql", "alloy" or "query".
	Kind string `json:"kind"`
	// Texts are read, for "logql" and "alloy".
	Texts []string `json:"texts"`
	// Sets are the stores that queries are put to, for "query".
	Sets [][]Stream `json:"sets"`
	// Queries are put to the engine, for "query".
	Queries []Query `json:"queries"`
}

func main() {
	in := bufio.NewReaderSize(os.Stdin, 1<<20)
	out := bufio.NewWriterSize(os.Stdout, 1<<20)
	// A parser inside the engine prints what it cannot read; that must not mix with answers.
	os.Stdout, _ = os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	answers := json.NewEncoder(out)
	answers.SetEscapeHTML(false)
	for {
		line, err := in.ReadBytes('\n')
		if len(line) == 0 && err != nil {
			return
		}
		var request Request
		if err := json.Unmarshal(line, &request); err != nil {
			fail("cannot read a request: %v", err)
		}
		if err := answers.Encode(answer(&request)); err != nil {
			fail("cannot write an answer: %v", err)
		}
		if err := out.Flush(); err != nil {
			fail("cannot write an answer: %v", err)
		}
	}
}

func answer(request *Request) any {
	switch request.Kind {
	case "logql":
		return each(request.Texts, readQuery)
	case "alloy":
		return each(request.Texts, readConfig)
	case "query":
		return runAll(request.Sets, request.Queries)
	default:
		fail("unknown kind %q", request.Kind)
		return nil
	}
}

func each[T any](texts []string, read func(string) T) []T {
	out := make([]T, len(texts))
	for i, text := range texts {
		out[i] = read(text)
	}
	return out
}

func fail(format string, values ...any) {
	fmt.Fprintf(os.Stderr, "judge: "+format+"\n", values...)
	os.Exit(1)
}

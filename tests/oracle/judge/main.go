// Judge answers, one line of JSON for each line of JSON on its standard input, what Alloy's own parser makes of texts: its
// verdict, and what it read. It knows nothing of migrations.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
)

// Request asks about texts. Byte strings travel as Go strings: callers send UTF-8 only.
type Request struct {
	Texts []string `json:"texts"`
}

func main() {
	in := bufio.NewReaderSize(os.Stdin, 1<<20)
	out := bufio.NewWriterSize(os.Stdout, 1<<20)
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
		read := make([]ReadConfig, len(request.Texts))
		for i, text := range request.Texts {
			read[i] = readConfig(text)
		}
		if err := answers.Encode(read); err != nil {
			fail("cannot write an answer: %v", err)
		}
		if err := out.Flush(); err != nil {
			fail("cannot write an answer: %v", err)
		}
	}
}

func fail(format string, values ...any) {
	fmt.Fprintf(os.Stderr, "judge: "+format+"\n", values...)
	os.Exit(1)
}

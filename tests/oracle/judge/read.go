package main

import (
	"fmt"
	"strings"

	"github.com/grafana/alloy/syntax/ast"
	"github.com/grafana/alloy/syntax/parser"
)

// ReadConfig is what Alloy makes of a text.
type ReadConfig struct {
	// Error is empty when Alloy accepts the text.
	Error string `json:"error,omitempty"`
	// Body holds the statements in order, inner ones after the block they stand in.
	Body []Statement `json:"body,omitempty"`
}

// Statement is one block or attribute.
type Statement struct {
	Depth int    `json:"depth"`
	Block bool   `json:"block"`
	Name  string `json:"name"`
	Label string `json:"label,omitempty"`
}

func readConfig(text string) (out ReadConfig) {
	defer func() {
		if problem := recover(); problem != nil {
			out = ReadConfig{Error: fmt.Sprintf("panic: %v", problem)}
		}
	}()
	file, err := parser.ParseFile("config.alloy", []byte(text))
	if err != nil {
		return ReadConfig{Error: err.Error()}
	}
	out.add(file.Body, 0)
	return out
}

func (out *ReadConfig) add(body ast.Body, depth int) {
	for _, statement := range body {
		switch one := statement.(type) {
		case *ast.AttributeStmt:
			out.Body = append(out.Body, Statement{Depth: depth, Name: one.Name.Name})
		case *ast.BlockStmt:
			name := strings.Join(one.Name, ".")
			out.Body = append(out.Body, Statement{Depth: depth, Block: true, Name: name, Label: one.Label})
			out.add(one.Body, depth+1)
		}
	}
}

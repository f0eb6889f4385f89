package main

import (
	"fmt"
	"strings"

	"github.com/grafana/alloy/syntax/ast"
	"github.com/grafana/alloy/syntax/parser"
	"github.com/grafana/loki/v3/pkg/logql/syntax"
)

// ReadQuery is what Loki makes of a text.
type ReadQuery struct {
	// Error is empty when Loki accepts the text.
	Error string `json:"error,omitempty"`
	// Selectors are the matchers of every selector, in text order, each as name, operator and value.
	Selectors [][][3]string `json:"selectors,omitempty"`
	// Loose says that selectors may be missing and in another order: Loki drops what a variant reads where that variant
	// is faulty, and still accepts the whole.
	Loose bool `json:"loose,omitempty"`
}

func readQuery(text string) (out ReadQuery) {
	defer func() {
		if problem := recover(); problem != nil {
			out = ReadQuery{Error: fmt.Sprintf("panic: %v", problem)}
		}
	}()
	expr, err := syntax.ParseExpr(text)
	if err != nil {
		return ReadQuery{Error: err.Error()}
	}
	// A text whose parse panics with something that is no error comes back as nothing at all.
	if expr == nil {
		return ReadQuery{Error: "no expression"}
	}
	expr.Walk(func(e syntax.Expr) bool {
		if selector, ok := e.(*syntax.MatchersExpr); ok {
			matchers := [][3]string{}
			for _, one := range selector.Mts {
				matchers = append(matchers, [3]string{one.Name, one.Type.String(), one.Value})
			}
			out.Selectors = append(out.Selectors, matchers)
		}
		if _, ok := e.(*syntax.MultiVariantExpr); ok {
			out.Loose = true
		}
		return true
	})
	return out
}

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

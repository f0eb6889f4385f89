package main

import (
	"context"
	"fmt"
	"math"
	"sort"
	"strconv"
	"time"

	"github.com/go-kit/log"
	"github.com/grafana/dskit/user"
	"github.com/grafana/loki/v3/pkg/logproto"
	"github.com/grafana/loki/v3/pkg/logql"
	"github.com/grafana/loki/v3/pkg/logqlmodel"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
)

// Query is one question to the engine.
type Query struct {
	// Set is the index of the store it is put to.
	Set int `json:"set"`
	// Text is the LogQL.
	Text string `json:"text"`
	// Start and End are nanoseconds; equal and with Step 0 for an instant query.
	Start int64 `json:"start"`
	End   int64 `json:"end"`
	// Step is nanoseconds.
	Step int64 `json:"step"`
}

// Result is what the engine returned: lines or series, sorted.
type Result struct {
	Error string `json:"error,omitempty"`
	// Metric tells series from lines.
	Metric bool  `json:"metric"`
	Rows   []Row `json:"rows"`
}

// Row is one series, or the lines that came with one set of labels.
type Row struct {
	Labels map[string]string `json:"labels"`
	// Points are timestamps with a line, or with a number as text.
	Points []Point `json:"points"`
}

// Point is a timestamp in nanoseconds and a line or number.
type Point struct {
	At    int64  `json:"at"`
	Value string `json:"value"`
}

func runAll(sets [][]Stream, queries []Query) []Result {
	engines := make([]*logql.QueryEngine, len(sets))
	for i, set := range sets {
		engines[i] = logql.NewEngine(logql.EngineOpts{}, newStore(set), logql.NoLimits, log.NewNopLogger())
	}
	out := make([]Result, len(queries))
	for i, query := range queries {
		out[i] = run(engines[query.Set], query)
	}
	return out
}

func run(engine *logql.QueryEngine, query Query) (out Result) {
	defer func() {
		if problem := recover(); problem != nil {
			out = Result{Error: fmt.Sprintf("panic: %v", problem)}
		}
	}()
	params, err := logql.NewLiteralParams(query.Text, time.Unix(0, query.Start), time.Unix(0, query.End),
		time.Duration(query.Step), 0, logproto.FORWARD, math.MaxInt32, nil, nil)
	if err != nil {
		return Result{Error: err.Error()}
	}
	result, err := engine.Query(params).Exec(user.InjectOrgID(context.Background(), "judge"))
	if err != nil {
		return Result{Error: err.Error()}
	}
	return rows(result.Data)
}

func rows(data parser.Value) Result {
	out := Result{Metric: true, Rows: []Row{}}
	switch data := data.(type) {
	case logqlmodel.Streams:
		out.Metric = false
		for _, stream := range data {
			row := Row{Labels: parseLabels(stream.Labels).Map()}
			for _, entry := range stream.Entries {
				row.Points = append(row.Points, Point{entry.Timestamp.UnixNano(), entry.Line})
			}
			out.Rows = append(out.Rows, row)
		}
	case promql.Scalar:
		out.add(labels.EmptyLabels(), promql.FPoint{T: data.T, F: data.V})
	case promql.Vector:
		for _, sample := range data {
			out.add(sample.Metric, promql.FPoint{T: sample.T, F: sample.F})
		}
	case promql.Matrix:
		for _, series := range data {
			out.add(series.Metric, series.Floats...)
		}
	default:
		return Result{Error: fmt.Sprintf("unknown result %T", data)}
	}
	for _, row := range out.Rows {
		sort.SliceStable(row.Points, func(a, b int) bool { return row.Points[a].At < row.Points[b].At })
	}
	return out
}

func (out *Result) add(metric labels.Labels, points ...promql.FPoint) {
	row := Row{Labels: metric.Map()}
	for _, point := range points {
		// Sums of floats depend on the order of their terms in the last digits; a value in the middle between two that are
		// printed is moved off it, so that both of its neighbours are printed alike.
		value := point.F * (1 + 1e-11)
		if math.Abs(value) < 1e-9 {
			value = 0
		}
		row.Points = append(row.Points, Point{point.T * int64(time.Millisecond), strconv.FormatFloat(value, 'g', 9, 64)})
	}
	out.Rows = append(out.Rows, row)
}

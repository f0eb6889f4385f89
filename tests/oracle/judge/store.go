package main

import (
	"context"
	"sort"
	"time"

	"github.com/cespare/xxhash/v2"
	"github.com/grafana/loki/v3/pkg/iter"
	"github.com/grafana/loki/v3/pkg/logproto"
	"github.com/grafana/loki/v3/pkg/logql"
	"github.com/prometheus/prometheus/model/labels"
	promql "github.com/prometheus/prometheus/promql/parser"
)

// Stream is one stream with its lines.
type Stream struct {
	Labels  map[string]string `json:"labels"`
	Entries []Entry           `json:"entries"`
	// Doubles are the indices of streams of the same store whose lines this one holds once more. It is left out where a
	// selector takes in one of them.
	Doubles []int `json:"doubles"`
}

// Entry is one line.
type Entry struct {
	At   int64  `json:"at"`
	Line string `json:"line"`
}

// store is a logql.Querier over streams in memory: what Loki's own MockQuerier does, with labels parsed once and each
// stream kept apart, so that nothing is merged before the engine sees it.
type store struct {
	streams []stream
}

type stream struct {
	labels  labels.Labels
	hash    uint64
	entries []Entry
	doubles []int
}

func newStore(streams []Stream) *store {
	out := &store{}
	for _, one := range streams {
		set := labels.FromMap(one.Labels)
		entries := append([]Entry(nil), one.Entries...)
		sort.SliceStable(entries, func(a, b int) bool { return entries[a].At < entries[b].At })
		out.streams = append(out.streams, stream{set, labels.StableHash(set), entries, one.Doubles})
	}
	return out
}

func (s *store) selected(matchers []*labels.Matcher) []stream {
	taken := make([]bool, len(s.streams))
	for i, one := range s.streams {
		taken[i] = one.matches(matchers)
	}
	var out []stream
next:
	for i, one := range s.streams {
		if !taken[i] {
			continue
		}
		for _, other := range one.doubles {
			if taken[other] {
				continue next
			}
		}
		out = append(out, one)
	}
	return out
}

func (s stream) matches(matchers []*labels.Matcher) bool {
	for _, matcher := range matchers {
		if !matcher.Matches(s.labels.Get(matcher.Name)) {
			return false
		}
	}
	return true
}

// SelectLogs implements logql.Querier.
func (s *store) SelectLogs(_ context.Context, params logql.SelectLogParams) (iter.EntryIterator, error) {
	selector, err := params.LogSelector()
	if err != nil {
		return nil, err
	}
	pipeline, err := selector.Pipeline()
	if err != nil {
		return nil, err
	}
	var iterators []iter.EntryIterator
	for _, one := range s.selected(selector.Matchers()) {
		// A pipeline may set labels for each line, so one stream may come out as several.
		results := map[string]*logproto.Stream{}
		var order []string
		process := pipeline.ForStream(one.labels)
		for _, entry := range one.entries {
			line, set, keep := process.Process(entry.At, []byte(entry.Line), labels.EmptyLabels())
			if !keep {
				continue
			}
			name := set.String()
			if results[name] == nil {
				results[name] = &logproto.Stream{Labels: name, Hash: one.hash}
				order = append(order, name)
			}
			kept := logproto.Entry{Timestamp: time.Unix(0, entry.At), Line: string(line)}
			results[name].Entries = append(results[name].Entries, kept)
		}
		for _, name := range order {
			inRange := iter.NewTimeRangedIterator(iter.NewStreamIterator(*results[name]), params.Start, params.End)
			if params.Direction == logproto.BACKWARD {
				if inRange, err = iter.NewEntryReversedIter(inRange); err != nil {
					return nil, err
				}
			}
			iterators = append(iterators, inRange)
		}
	}
	return iter.NewSortEntryIterator(iterators, params.Direction), nil
}

// SelectSamples implements logql.Querier.
func (s *store) SelectSamples(_ context.Context, params logql.SelectSampleParams) (iter.SampleIterator, error) {
	selector, err := params.LogSelector()
	if err != nil {
		return nil, err
	}
	expr, err := params.Expr()
	if err != nil {
		return nil, err
	}
	extractors, err := expr.Extractors()
	if err != nil {
		return nil, err
	}
	var out []logproto.Series
	for _, one := range s.selected(selector.Matchers()) {
		results := map[string]*logproto.Series{}
		var order []string
		for _, extractor := range extractors {
			process := extractor.ForStream(one.labels)
			for _, entry := range one.entries {
				samples, keep := process.Process(entry.At, []byte(entry.Line), labels.EmptyLabels())
				if !keep {
					continue
				}
				for _, sample := range samples {
					name := sample.Labels.String()
					if results[name] == nil {
						results[name] = &logproto.Series{Labels: name, StreamHash: one.hash}
						order = append(order, name)
					}
					results[name].Samples = append(results[name].Samples, logproto.Sample{
						Timestamp: entry.At, Value: sample.Value, Hash: xxhash.Sum64String(entry.Line),
					})
				}
			}
		}
		for _, name := range order {
			sort.Stable(results[name])
			out = append(out, *results[name])
		}
	}
	return iter.NewTimeRangedSampleIterator(iter.NewMultiSeriesIterator(out), params.Start.UnixNano(), params.End.UnixNano()+1), nil
}

func parseLabels(text string) labels.Labels {
	set, err := promql.NewParser(promql.Options{}).ParseMetric(text)
	if err != nil {
		fail("the engine returned labels that cannot be read: %s: %v", text, err)
	}
	return set
}

package script

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/google/jsonschema-go/jsonschema"

	"raftsim/checker"
)

//go:generate go test -run TestSchemaFile -update .

// Schema returns the JSON Schema (draft 2020-12) of scenario files, indented, the same bytes each
// time. It accepts every file that [Read] accepts and refuses what a schema can refuse: it
// compares no two values, so windows that end before they start, unknown nodes and shares that do not
// add up pass it.
func Schema() []byte {
	compact, err := json.Marshal(fileSchema())
	if err != nil {
		panic(fmt.Sprintf("script: the schema is not JSON: %v", err))
	}
	var b bytes.Buffer
	if err := json.Indent(&b, compact, "", "  "); err != nil {
		panic(fmt.Sprintf("script: the schema is not JSON: %v", err))
	}
	b.WriteByte('\n')
	// json.Marshal escapes these for HTML, which hides the operators from a reader.
	out := b.Bytes()
	for _, c := range []string{"<", ">", "&"} {
		out = bytes.ReplaceAll(out, fmt.Appendf(nil, `\u%04x`, c[0]), []byte(c))
	}
	return out
}

// Patterns of values that are one word.
const (
	wholePattern     = `(0|[1-9][0-9]*)`
	timePattern      = `([0-9]+(\.[0-9]+)?(ns|us|µs|μs|ms|s|m|h))+`
	percentPattern   = `^[0-9]+(\.[0-9]{1,4}0*)?%$`
	ratePattern      = `^[0-9]+(\.[0-9]{1,3}0*)?/s$`
	sizePattern      = `^[0-9]+(\.[0-9]+)?(B|KiB|MiB)$`
	namePattern      = `^[a-z][a-z0-9]*(-[a-z0-9]+)*$`
	mutantPattern    = `^([a-z][a-z0-9]*(-[a-z0-9]+)*|.*[a-z0-9]\.mutant)$`
	nodePattern      = `^n[1-9][0-9]?$`
	seedPattern      = wholePattern + `(\.\.` + wholePattern + `)?`
	comparisonFormat = `^(<|<=|==|!=|>=|>) *` + wholePattern + ` *$`
	milestoneFormat  = `^(>=|>) *` + wholePattern + ` *$`
)

// property is a key of a mapping, in the order in which editors show them.
type property struct {
	key    string
	about  string
	schema *jsonschema.Schema
}

// object is a mapping of these keys and no others.
func object(about string, properties ...property) *jsonschema.Schema {
	s := &jsonschema.Schema{
		Type: "object", Description: about,
		Properties:           map[string]*jsonschema.Schema{},
		AdditionalProperties: &jsonschema.Schema{Not: &jsonschema.Schema{}},
	}
	add(s, properties...)
	return s
}

func add(s *jsonschema.Schema, properties ...property) {
	for _, p := range properties {
		p.schema.Description = p.about
		s.Properties[p.key] = p.schema
		s.PropertyOrder = append(s.PropertyOrder, p.key)
	}
}

func matching(pattern string) *jsonschema.Schema {
	return &jsonschema.Schema{Type: "string", Pattern: pattern}
}

func whole(low, high int) *jsonschema.Schema {
	l, h := float64(low), float64(high)
	return &jsonschema.Schema{Type: "integer", Minimum: &l, Maximum: &h}
}

func oneWord(words ...string) *jsonschema.Schema {
	s := &jsonschema.Schema{Type: "string"}
	for _, w := range words {
		s.Enum = append(s.Enum, w)
	}
	return s
}

func listOf(item *jsonschema.Schema, least int) *jsonschema.Schema {
	return &jsonschema.Schema{Type: "array", Items: item, MinItems: &least}
}

// oneOrMore is one of the words, or a list of several.
func oneOrMore(words []string) *jsonschema.Schema {
	some := listOf(oneWord(words...), 1)
	some.UniqueItems = true
	return &jsonschema.Schema{AnyOf: []*jsonschema.Schema{some, oneWord(words...)}}
}

func ref(name string) *jsonschema.Schema { return &jsonschema.Schema{Ref: "#/$defs/" + name} }

func aTime() *jsonschema.Schema    { return matching(`^` + timePattern + `$`) }
func aWindow() *jsonschema.Schema  { return matching(`^` + timePattern + `\.\.` + timePattern + `$`) }
func times() *jsonschema.Schema    { return matching(`^` + timePattern + `(\.\.` + timePattern + `)?$`) }
func percents() *jsonschema.Schema { return matching(percentPattern) }

func yes() *jsonschema.Schema { return &jsonschema.Schema{Type: "boolean"} }

// with gives a default.
func with(s *jsonschema.Schema, value any) *jsonschema.Schema {
	raw, err := json.Marshal(value)
	if err != nil {
		panic(fmt.Sprintf("script: the default %v is not JSON: %v", value, err))
	}
	s.Default = raw
	return s
}

// having requires one of several keys.
func having(keys ...string) []*jsonschema.Schema {
	var all []*jsonschema.Schema
	for _, k := range keys {
		all = append(all, &jsonschema.Schema{Required: []string{k}})
	}
	return all
}

// needing says that a key goes only along with one of others.
func needing(keys ...string) *jsonschema.Schema { return &jsonschema.Schema{AnyOf: having(keys...)} }

func fileSchema() *jsonschema.Schema {
	longName := mostName
	s := object("A scenario of raftsim: a cluster, what happens to it, and what is expected of it. Times are virtual.",
		property{"name", "The scenario's name: small letters, digits, single hyphens between.",
			&jsonschema.Schema{Type: "string", Pattern: namePattern, MaxLength: &longName}},
		property{"about", "What the scenario shows, and what would be wrong.", &jsonschema.Schema{Type: "string"}},
		property{"duration", "How long the run lasts, in virtual time, up to 24h. Clients stop at its end.", aTime()},
		property{"seeds", "The seeds that a sweep covers: 1..200, or 3,9, or 7.", with(&jsonschema.Schema{AnyOf: []*jsonschema.Schema{
			{Type: "integer", Minimum: new(float64)},
			matching(`^ *` + seedPattern + `( *, *` + seedPattern + `)* *$`),
		}}, "1..200")},
		property{"mutant", "The core with a deliberate fault to play with: the name of one that ships, or the path of its file. It takes Go and a checkout.",
			matching(mutantPattern)},
		property{"cluster", "The nodes n1, n2, ... and their timing.", clusterSchema()},
		property{"network", "What every link between two nodes does.", networkSchema()},
		property{"clients", "The workload. Without this key there is none.", clientsSchema()},
		property{"timeline", "What happens to the cluster, and when.", listOf(ref("entry"), 0)},
		property{"expect", "What the run is checked for; always: safety when nothing is said.", &jsonschema.Schema{
			AnyOf: []*jsonschema.Schema{listOf(ref("expectation"), 1), ref("expectation")},
		}},
	)
	s.Schema = "https://json-schema.org/draft/2020-12/schema"
	s.Title = "raftsim scenario"
	s.Required = []string{"name", "duration"}
	s.Defs = map[string]*jsonschema.Schema{
		"entry":       {AnyOf: []*jsonschema.Schema{actionSchema(), repeatSchema()}},
		"expectation": expectationSchema(),
		"selector":    selectorSchema(),
		"one":         oneSelectorSchema(),
	}
	return s
}

func clusterSchema() *jsonschema.Schema {
	s := object("",
		property{"nodes", "How many nodes there are, n1 to n99 at most.", with(whole(1, mostNodes), 3)},
		property{"election_timeout", "Range from which a node draws its election timeout; longer than heartbeat.",
			with(times(), "150ms..300ms")},
		property{"heartbeat", "How often a leader sends heartbeats.", with(aTime(), "50ms")},
		property{"pre_vote", "Whether a node asks if it could win before it starts an election.", with(yes(), false)},
		property{"check_quorum", "Whether a leader steps down when it hears no majority, and its followers are deaf to other candidates.", with(yes(), false)},
		property{"reads", "How gets are served: through the log, at a confirmed commit index, or by a leader that holds a lease.",
			with(oneWord(readsWords...), "log")},
		property{"lease", "With reads: lease, how long whoever hears from a leader elects no other; the shortest election_timeout when it is left out.", aTime()},
		property{"clock_drift", "With reads: lease, the bound on how far clocks drift.", with(percents(), normalDrift.String())},
		property{"snapshot_every", "After how many applied entries a node takes a snapshot; never when it is left out.", whole(1, mostEvery)},
		property{"snapshot_keep", "How many entries before a snapshot stay in the log.", with(whole(0, mostEvery), 0)},
		property{"snapshot_chunk", "How many bytes of a snapshot go into one message; up to 1MiB.", with(matching(sizePattern), "256KiB")},
		property{"max_inflight", "How many messages are on their way to one follower at most.", with(whole(1, mostInflight), 512)},
		property{"max_inflight_bytes", "How many bytes of entries or of a snapshot are on their way to one follower; up to 1MiB.", matching(sizePattern)},
		property{"max_uncommitted_bytes", "How much a leader takes beyond what is committed before clients are told to wait; up to 1MiB.", matching(sizePattern)},
		property{"session_ttl", "After how long without use a client's session expires; never when it is left out.", aTime()},
		property{"segment_bytes", "About the size of a file of the log; up to 1MiB.", with(matching(sizePattern), "1MiB")},
	)
	leased := &jsonschema.Schema{
		Required: []string{"reads"}, Properties: map[string]*jsonschema.Schema{"reads": oneWord(ReadsLease.String())},
	}
	s.DependentSchemas = map[string]*jsonschema.Schema{"lease": leased, "clock_drift": leased.CloneSchemas()}
	return s
}

func networkSchema() *jsonschema.Schema {
	return object("",
		property{"latency", "How long a message travels; of a range, drawn per message.", with(times(), "1ms..10ms")},
		property{"loss", "Share of messages that are lost.", with(percents(), "0%")},
		property{"duplicate", "Share of messages that arrive twice.", with(percents(), "0%")},
		property{"reorder", "Share of messages that later ones overtake.", with(percents(), "0%")},
	)
}

func clientsSchema() *jsonschema.Schema {
	return object("",
		property{"count", "How many clients there are.", with(whole(0, mostClients), 1)},
		property{"rate", "Requests that each client sends in a second; 0/s for none but bursts.", with(matching(ratePattern), "10/s")},
		property{"keys", "How many keys they share.", with(whole(1, mostKeys), 8)},
		property{"mix", "Share of each operation; together 100%.", with(object("",
			property{"get", "Share of reads.", percents()},
			property{"put", "Share of writes.", percents()},
			property{"append", "Share of appends to a value.", percents()},
			property{"cas", "Share of compare-and-swap.", percents()},
			property{"delete", "Share of deletions.", percents()},
		), map[string]string{"get": "50%", "put": "50%"})},
		property{"value_size", "How many bytes a written value has at least; up to 1MiB.", matching(sizePattern)},
		property{"timeout", "How long a client waits for an answer before it tries again.", with(aTime(), "500ms")},
	)
}

func selectorSchema() *jsonschema.Schema {
	return &jsonschema.Schema{
		Description: "Nodes, picked when the entry starts.",
		AnyOf:       []*jsonschema.Schema{ref("one"), listOf(ref("one"), 1)},
	}
}

func oneSelectorSchema() *jsonschema.Schema {
	return &jsonschema.Schema{AnyOf: []*jsonschema.Schema{
		oneWord(selectorWords...),
		matching(`^random\([1-9][0-9]?\)$`),
		matching(nodePattern),
	}}
}

func actionSchema() *jsonschema.Schema {
	network := networkSchema()
	least := 1
	network.MinProperties = &least
	for _, p := range network.Properties {
		p.Default = nil
	}
	timeouts := object("",
		property{"election", "Range from which a node draws its election timeout.", times()},
		property{"heartbeat", "How often a leader sends heartbeats.", aTime()})
	timeouts.MinProperties = &least
	cut := object("",
		property{"from", "Nodes whose messages are dropped.", ref("selector")},
		property{"to", "Nodes they are dropped on the way to.", ref("selector")})
	cut.Required = cutKeys
	hold := cut.CloneSchemas()
	hold.Properties["from"].Description = "Nodes whose messages are held."
	hold.Properties["to"].Description = "Nodes they are held on the way to."
	timers := object("",
		property{"late", "How much later than they should timers fire.", times()},
		property{"early", "How much earlier than they should timers fire.", times()})
	timers.MinProperties = &least
	clock := object("",
		property{"drift", "How much faster the clocks run than true time; slower with a minus.", matching(`^-?` + strings.TrimPrefix(percentPattern, "^"))},
		property{"jump", "How far the clocks are set forward from what they show; back with a minus.", matching(`^-?` + timePattern + `$`)},
		property{"offset", "How far ahead of true time the clocks are set; behind with a minus. Within a during they are set right at its end.", matching(`^-?` + timePattern + `$`)})
	clock.MinProperties = &least
	clock.Not = &jsonschema.Schema{Required: []string{"jump", "offset"}}
	disk := object("",
		property{"sync", "How long a sync takes.", times()},
		property{"fail", "What fails.", oneWord("sync")},
		property{"unsynced", "What a crash does to what was not synced.", oneWord(fateWords...)},
		property{"rot", "Of which kind of file a bit flips, which is found at the next boot; alone, and with at or when.", oneWord(rotWords...)})
	disk.MinProperties = &least
	disk.DependentSchemas = map[string]*jsonschema.Schema{"rot": {MaxProperties: &least}}
	joining := object("",
		property{"nodes", "Who joins.", namesSchema()},
		property{"as", "What they become.", with(oneWord(joinAsWord...), "voter")},
		property{"instead_of", "Who leaves in the step in which they become voters, and is a voter until then.", ref("selector")})
	joining.Required = []string{"nodes"}
	joining.DependentSchemas = map[string]*jsonschema.Schema{"instead_of": {Properties: map[string]*jsonschema.Schema{"as": oneWord("voter")}}}
	burst := object("",
		property{"requests", "How many requests.", whole(1, mostRequests)},
		property{"within", "The time over which they are spread.", aTime()})
	burst.Required = []string{"requests"}
	atLeastOne := whole(1, 1)
	atLeastOne.Maximum = nil
	milestone := object("", comparisonsSchema(atLeastOne, matching(milestoneFormat))...)
	milestone.MinProperties = &least

	s := object("One thing that happens: a trigger and an action.",
		property{"at", "Happens at this time and stays.", aTime()},
		property{"during", "Happens at the window's start and is undone at its end.", aWindow()},
		property{"when", "Happens once counts over the whole run reach this, and stays.", milestone},
		property{"crash", "Stops nodes; what was not synced is lost or torn. Within during they restart at its end.", ref("selector")},
		property{"restart", "Boots crashed nodes from their disks.", ref("selector")},
		property{"pause", "Freezes nodes: messages and timers wait.", ref("selector")},
		property{"wipe", "Crashes nodes and erases their disks; they come back as nodes that nobody knows.", ref("selector")},
		property{"partition", "Parts the network into groups; who is in none of them is in one more.", listOf(ref("selector"), 2)},
		property{"cut", "Cuts the links from some nodes to others, one way.", cut},
		property{"hold", "Holds the messages from some nodes to others; they arrive, in their order, when it ends.", hold},
		property{"heal", "Takes away every partition and cut.", oneWord("all")},
		property{"network", "Changes the links of the nodes under on.", network},
		property{"timeouts", "Changes the timeouts of the nodes under on.", timeouts},
		property{"timeout", "Makes the election timers of these nodes fire now, together.", ref("selector")},
		property{"timers", "Has the timers of the nodes under on fire late or early, each time by a time that is drawn.", timers},
		property{"clock", "Has the clocks of the nodes under on jump, or run faster or slower.", clock},
		property{"disk", "Has the disks of the nodes under on be full, slow or failing, or rot.",
			&jsonschema.Schema{AnyOf: []*jsonschema.Schema{oneWord("full"), disk}}},
		property{"join", "Has nodes join: voters once they have caught up, in the place of others if it says so, or learners.",
			&jsonschema.Schema{AnyOf: append(namesSchema().AnyOf, joining)}},
		property{"remove", "Has nodes leave the cluster.", ref("selector")},
		property{"snapshot", "Has nodes take a snapshot and drop the log before it.", ref("selector")},
		property{"transfer", "Has the leader hand over to this node.", ref("selector")},
		property{"burst", "Makes the clients together send so many requests more.",
			&jsonschema.Schema{AnyOf: []*jsonschema.Schema{whole(1, mostRequests), burst}}},
		property{"on", "Whom network, timeouts, timers, clock and disk are for.", with(ref("selector"), "all")},
	)
	final := []string{}
	for _, v := range verbKeys {
		if !slices.Contains(undoable, v) {
			final = append(final, v)
		}
	}
	s.AllOf = []*jsonschema.Schema{{OneOf: having(triggerKeys...)}, {OneOf: having(verbKeys...)}}
	s.DependentSchemas = map[string]*jsonschema.Schema{
		"during": {Not: needing(final...)},
		"on":     needing(onVerbs...),
	}
	s.DependentRequired = map[string][]string{"hold": {"during"}}
	return s
}

// namesSchema is one node, or several, by name.
func namesSchema() *jsonschema.Schema {
	return &jsonschema.Schema{AnyOf: []*jsonschema.Schema{matching(nodePattern), listOf(matching(nodePattern), 1)}}
}

func repeatSchema() *jsonschema.Schema {
	s := object("Entries that recur; their times in round k are k times every later.",
		property{"repeat", "How many rounds.", whole(1, mostEntries)},
		property{"every", "Time from one round to the next; the span of the entries when it is left out.", aTime()},
		property{"timeline", "The entries, with the times of the first round.", listOf(ref("entry"), 1)},
	)
	s.Required = []string{"repeat", "timeline"}
	return s
}

// comparisonsSchema is the metrics, each with what it may be compared with.
func comparisonsSchema(values ...*jsonschema.Schema) []property {
	var all []property
	for i, about := range metricMeanings {
		all = append(all, property{metricNames[i], about, &jsonschema.Schema{AnyOf: values}})
	}
	return all
}

// metricMeanings are in the order of metricNames.
var metricMeanings = []string{
	"Entries committed: how far the highest commit index grew.",
	"Elections won: how often a node became leader.",
	"Terms begun: how far the highest term grew.",
	"Messages sent between nodes.",
	"Bytes of these messages.",
	"The most entries that any node's log has held since the run began, without what a snapshot stands for.",
}

func expectationSchema() *jsonschema.Schema {
	within := object("", property{"terms", "How many terms above the highest there was.", whole(1, 1<<31-1)})
	within.Required = []string{"terms"}
	properties := checker.Properties()
	always := oneOrMore(properties)
	always.AnyOf[1] = oneWord(append([]string{"safety"}, properties...)...)
	soon := object("", property{"within", "The virtual time that it has.", aTime()})
	soon.Required = []string{"within"}
	members := listOf(matching(nodePattern), 1)
	members.UniqueItems = true
	by := &jsonschema.Schema{AnyOf: []*jsonschema.Schema{aTime(), oneWord("end")}}

	s := object("One thing that is expected.",
		property{"by", "The time at which it is judged; end is after the run has settled.", with(by, "end")},
		property{"during", "The window over which is counted; the whole run when it is left out.", aWindow()},
		property{"always", "Properties that hold after every event; safety is every one.", always},
		property{"history", "The history of the clients is linearizable.", oneWord("linearizable")},
		property{"leader", "There is a leader whom a majority follows.", oneWord("elected")},
		property{"liveness", "At the end a quorum is drawn and only that is healed; it gets on within a time, whatever the others do.",
			&jsonschema.Schema{AnyOf: []*jsonschema.Schema{oneWord("core"), soon}}},
		property{"members", "The members are exactly these.", members},
		property{"replicas", "Nodes that are up have the same state at the same applied index.", oneWord("identical")},
	)
	add(s, comparisonsSchema(matching(comparisonFormat))...)
	add(s,
		property{"sometimes", "States that a sweep of the file's seeds reaches at least once.", oneOrMore(stateNames())},
		property{"violates", "The property that the run breaks: the file keeps a known failure.", oneWord(Properties()...)},
		property{"within", "The leader is there within so many terms of the last action named by of.", within},
		property{"of", "The action that within counts from.", oneWord(verbKeys...)},
	)
	s.OneOf = append(having("always", "history", "leader", "liveness", "members", "replicas", "sometimes", "violates"), needing(metricNames...))
	s.DependentRequired = map[string][]string{"within": {"of", "leader"}, "of": {"within", "leader"}}
	s.DependentSchemas = map[string]*jsonschema.Schema{
		"by":     {AnyOf: having(deadlineKeys...), Not: &jsonschema.Schema{Required: []string{"within"}}},
		"during": needing(metricNames...),
	}
	return s
}

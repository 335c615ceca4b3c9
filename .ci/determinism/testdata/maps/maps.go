package maps

import (
	"maps"
	"reflect"
	"slices"
	"sort"
)

type named map[int]string

func loops(m map[string]int, n named) (sum int) {
	for _, v := range m { // want "range over map[string]int: a map's order differs from run to run; collect the keys"
		sum += v
	}
	for range n { // want "range over named"
		sum++
	}
	for i := range []int{1, 2} {
		sum += i
	}
	return sum
}

func generic[M ~map[K]V, K comparable, V any](m M) (n int) {
	for range m { // want "range over M"
		n++
	}
	return n
}

func sortedRightAfter(m map[string]int, ids map[int]bool, n named) {
	var keys []string
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	again := keys[:0]
	for k := range m {
		again = append(again, k)
	}
	sort.Strings(again)
	switch {
	case len(ids) > 0:
		var all []int
		for id := range ids {
			all = append(all, id)
		}
		sort.Ints(all)
	}
	_ = slices.Sorted(maps.Keys(m))
	_ = slices.Sorted(maps.Values(n))
	_ = m["a"]
	delete(m, "a")
	clear(m)
	_ = maps.Clone(m)
}

func notQuite(m map[string]int) {
	var keys, other []string
	for k := range m { // want "range over map"
		keys = append(keys, k)
	}
	_ = len(keys)
	slices.Sort(keys)
	for k := range m { // want "range over map"
		keys = append(keys, k)
	}
	slices.Sort(other)
	for k := range m { // want "range over map"
		keys = append(keys, k)
		other = append(other, keys...)
	}
	slices.Sort(keys)
	var values []int
	for _, v := range m { // want "range over map"
		values = append(values, v)
	}
	slices.Sort(values)
	for k := range m { // want "range over map"
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(string, string) int { return 0 })
}

func leftBehind(m map[string]int, last string) string {
	var keys, other []string
	for last = range m { // want "range over map"
		keys = append(keys, last)
	}
	slices.Sort(keys)
	for k := range m { // want "range over map"
		keys = append(other, k)
	}
	slices.Sort(keys)
	for k := range m { // want "range over map"
		keys = append(keys, k+last)
	}
	slices.Sort(keys)
	for k := range m { // want "range over map"
		keys = append(keys, func(k string) string { return k }(k))
	}
	slices.Sort(keys)
	return last
}

func iterators(m map[string]int) {
	for range maps.Keys(m) { // want "maps.Keys"
	}
	_ = slices.Collect(maps.Values(m))                         // want "maps.Values"
	maps.DeleteFunc(m, func(string, int) bool { return true }) // want "maps.DeleteFunc"
	for range maps.All(m) {                                    // want "maps.All"
	}
	_ = slices.SortedFunc(maps.Keys(m), func(string, string) int { return 0 }) // want "maps.Keys"
	_ = reflect.ValueOf(m).MapKeys()                                           // want "reflect.Value.MapKeys"
	f := maps.Keys[map[string]int]                                             // want "maps.Keys"
	_ = f
}

// Prints the protobuf messages of Kubernetes' own kinds: one a line, its name, then its fields as NUMBER:NAME:TYPE.
package main

import (
	"bufio"
	"fmt"
	"os"
	"reflect"
	"sort"
	"strconv"
	"strings"

	apiextensions "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/client-go/kubernetes/scheme"
)

// Types that are read as one word.
var words = map[reflect.Type]string{
	reflect.TypeFor[meta.Time]():            "time",
	reflect.TypeFor[meta.MicroTime]():       "microtime",
	reflect.TypeFor[resource.Quantity]():    "quantity",
	reflect.TypeFor[intstr.IntOrString]():   "intorstring",
	reflect.TypeFor[runtime.RawExtension](): "json",
	reflect.TypeFor[meta.FieldsV1]():        "json",
	reflect.TypeFor[apiextensions.JSON]():   "json",
}

var messages = map[string]string{}

// GROUP.VERSION.TYPE of a Go type, by the last two parts of its package.
func name(of reflect.Type) string {
	parts := strings.Split(of.PkgPath(), "/")
	return parts[len(parts)-2] + "." + parts[len(parts)-1] + "." + of.Name()
}

func word(of reflect.Type) string {
	if known, ok := words[of]; ok {
		return known
	}
	switch of.Kind() {
	case reflect.String:
		return "string"
	case reflect.Bool:
		return "bool"
	case reflect.Int, reflect.Int32, reflect.Int64, reflect.Uint32, reflect.Uint64:
		return "int"
	case reflect.Float64:
		return "double"
	case reflect.Slice:
		if of.Elem().Kind() == reflect.Uint8 {
			return "bytes"
		}
		return "strings"
	case reflect.Struct:
		message(of)
		return name(of)
	}
	panic(fmt.Sprint("no word for ", of))
}

// A field's number, and the rest of what is told of it.
func field(of reflect.StructField) (int, string) {
	number := strings.Split(of.Tag.Get("protobuf"), ",")
	if len(number) < 2 {
		return 0, ""
	}
	key, options, _ := strings.Cut(of.Tag.Get("json"), ",")
	kind, form, mark := of.Type, "", ""
	switch {
	case kind.Kind() == reflect.Pointer:
		kind, mark = kind.Elem(), "?"
	case !strings.Contains(options, "omit"):
		mark = "!"
	}
	if _, known := words[kind]; !known {
		switch {
		// A slice type with a name that is not repeated is a message of its own.
		case kind.Kind() == reflect.Slice && kind.Elem().Kind() != reflect.Uint8 && (number[2] == "rep" || kind.Name() == ""):
			kind, form, mark = kind.Elem(), "[]", ""
		case kind.Kind() == reflect.Map:
			kind, form, mark = kind.Elem(), "{}", ""
		}
	}
	if kind.Kind() == reflect.Pointer {
		kind = kind.Elem()
	}
	if _, known := words[kind]; !known && kind.Kind() == reflect.Struct {
		mark = ""
	}
	switch {
	case of.Anonymous && key == "":
		key = "^"
	case key == "":
		// One of several forms of JSON: only protobuf has names for them.
		key = strings.TrimPrefix(number[3], "name=")
	}
	at, err := strconv.Atoi(number[1])
	if err != nil {
		panic(err)
	}
	return at, key + ":" + form + word(kind) + mark
}

func message(of reflect.Type) {
	if _, known := messages[name(of)]; known {
		return
	}
	messages[name(of)] = ""
	fields := map[int]string{}
	numbers := []int{}
	for index := range of.NumField() {
		if number, one := field(of.Field(index)); one != "" {
			fields[number] = one
			numbers = append(numbers, number)
		}
	}
	sort.Ints(numbers)
	line := ""
	for _, number := range numbers {
		line += fmt.Sprintf(" %d:%s", number, fields[number])
	}
	messages[name(of)] = line
}

func main() {
	if err := apiextensions.AddToScheme(scheme.Scheme); err != nil {
		panic(err)
	}
	for known, of := range scheme.Scheme.AllKnownTypes() {
		if wanted(known) && !strings.HasPrefix(of.PkgPath(), "k8s.io/apimachinery") {
			message(of)
		}
	}
	names := []string{}
	for name := range messages {
		names = append(names, name)
	}
	sort.Strings(names)
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	for _, name := range names {
		fmt.Fprintln(out, name+messages[name])
	}
}

// Kinds that are written in a body, of versions that are done, in groups that kubelite serves.
func wanted(known schema.GroupVersionKind) bool {
	switch known.Group {
	case "resource.k8s.io", "flowcontrol.apiserver.k8s.io":
		return false
	}
	switch known.Kind {
	case "ConversionReview", "PodStatusResult", "RangeAllocation", "SerializedReference":
		return false
	}
	done := !strings.Contains(known.Version, "alpha") && !strings.Contains(known.Version, "beta") && known.Version != runtime.APIVersionInternal
	return done && !strings.HasSuffix(known.Kind, "List") && !strings.HasSuffix(known.Kind, "Options")
}

package main

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"reflect"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer/protobuf"
	"k8s.io/apimachinery/pkg/util/intstr"
	"sigs.k8s.io/randfill"
	"sigs.k8s.io/yaml"
)

const (
	// Of each kind.
	count = 40
	// Of these the one that shows most fields not seen before is taken.
	tries = 400
	// Of one filled at random, in JSON.
	largest = 2300
)

// Objects as they are in life, and those that a random one would hardly be.
//
//go:embed shaped.yaml
var shaped string

type object interface {
	runtime.Object
	Marshal() ([]byte, error)
}

type record struct {
	Kind string `json:"kind"`
	// Text, so that no reader of the corpus changes it. An object has no kind and apiVersion, as in lists.
	JSON string `json:"json"`
	// An object's bytes, or the whole answer with its envelope for lists and Statuses.
	Protobuf []byte `json:"protobuf"`
}

func writeCorpus(out io.Writer) error {
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	known := map[string][]object{}
	for _, document := range strings.Split(shaped, "\n---\n") {
		var meta metav1.TypeMeta
		if err := yaml.Unmarshal([]byte(document), &meta); err != nil {
			return err
		}
		it, err := empty(meta.Kind)
		if err != nil {
			return err
		}
		if err := yaml.UnmarshalStrict([]byte(document), it); err != nil {
			return fmt.Errorf("%w in\n%s", err, document)
		}
		known[meta.Kind] = append(known[meta.Kind], it)
	}
	for _, kind := range []string{"Pod", "PersistentVolumeClaim", "PersistentVolume"} {
		seen := map[string]bool{}
		for _, it := range known[kind] {
			see(seen, reflect.ValueOf(it))
		}
		for round := int64(0); len(known[kind]) < count; round++ {
			it, err := filled(kind, round, seen)
			if err != nil {
				return err
			}
			see(seen, reflect.ValueOf(it))
			known[kind] = append(known[kind], it)
		}
		for _, it := range known[kind] {
			it.GetObjectKind().SetGroupVersionKind(schema.GroupVersionKind{})
			text, err := json.Marshal(it)
			if err != nil {
				return err
			}
			raw, err := it.Marshal()
			if err != nil {
				return err
			}
			if err := encoder.Encode(record{kind, string(text), raw}); err != nil {
				return err
			}
		}
	}
	for _, it := range answers(known["Pod"]) {
		text, err := json.Marshal(it)
		if err != nil {
			return err
		}
		var raw bytes.Buffer
		scheme := runtime.NewScheme()
		if err := protobuf.NewSerializer(scheme, scheme).Encode(it, &raw); err != nil {
			return err
		}
		kind := it.GetObjectKind().GroupVersionKind().Kind
		if err := encoder.Encode(record{kind, string(text), raw.Bytes()}); err != nil {
			return err
		}
	}
	return nil
}

func empty(kind string) (object, error) {
	switch kind {
	case "Pod":
		return &corev1.Pod{}, nil
	case "PersistentVolumeClaim":
		return &corev1.PersistentVolumeClaim{}, nil
	case "PersistentVolume":
		return &corev1.PersistentVolume{}, nil
	default:
		return nil, fmt.Errorf("%q is no kind of this corpus", kind)
	}
}

// filled is the object that shows most of what has not been seen. It has been through JSON, as what a server holds has:
// only then do both encodings say the same (no list that is empty rather than missing, no fraction of a second).
func filled(kind string, round int64, seen map[string]bool) (object, error) {
	var best object
	most := -1
	for seed := round * tries; seed < (round+1)*tries; seed++ {
		wild, err := empty(kind)
		if err != nil {
			return nil, err
		}
		filler(seed).Fill(wild)
		text, err := json.Marshal(wild)
		if err != nil {
			return nil, err
		}
		if len(text) > largest {
			continue
		}
		it, _ := empty(kind)
		if err := json.Unmarshal(text, it); err != nil {
			return nil, err
		}
		fresh := map[string]bool{}
		see(fresh, reflect.ValueOf(it))
		news := 0
		for name := range fresh {
			if !seen[name] {
				news++
			}
		}
		if news > most {
			best, most = it, news
		}
	}
	if best == nil {
		return nil, fmt.Errorf("every %s of round %d is too large", kind, round)
	}
	return best, nil
}

// see notes each field that is set, by its type's name and its own.
func see(seen map[string]bool, value reflect.Value) {
	switch value.Kind() {
	case reflect.Pointer:
		if !value.IsNil() {
			see(seen, value.Elem())
		}
	case reflect.Slice:
		for i := range value.Len() {
			see(seen, value.Index(i))
		}
	case reflect.Struct:
		if special[value.Type()] != "" {
			return
		}
		for i := range value.NumField() {
			if it := value.Field(i); !it.IsZero() {
				seen[value.Type().Name()+"."+value.Type().Field(i).Name] = true
				see(seen, it)
			}
		}
	}
}

// Text that quoting, UTF-8 and lengths may trip over.
var texts = []string{
	"", "a", "web-0", "kubernetes.io/pvc-protection", "100m", "say \"no\"\n\tto C:\\tmp", "größer", "名前", "🐳", "<b>&amp;</b>",
	"\u2028", "null", "0", strings.Repeat("long ", 30),
}

var fields = []string{
	`{}`,
	`{"f:metadata":{"f:labels":{".":{},"f:app":{}}},"f:spec":{"f:accessModes":{},"f:volumeName":{}}}`,
	`{"f:status":{"f:conditions":{"k:{\"type\":\"Ready\"}":{".":{},"f:größe":{}},"v:\"x\"":{}}}}`,
}

func filler(seed int64) *randfill.Filler {
	return randfill.NewWithSeed(seed).NilChance(0.72).NumElements(1, 2).MaxDepth(14).Funcs(
		func(it *metav1.TypeMeta, _ randfill.Continue) {},
		func(it *string, c randfill.Continue) { *it = texts[c.Intn(len(texts))] },
		func(it *int32, c randfill.Continue) { *it = int32(number(c)) },
		func(it *int64, c randfill.Continue) { *it = number(c) },
		func(it *metav1.Time, c randfill.Continue) {
			if c.Intn(4) > 0 {
				// From 1902 on, so that seconds may be below zero.
				it.Time = time.Unix(int64(c.Uint32())-1<<31, 0)
			}
		},
		func(it *metav1.FieldsV1, c randfill.Continue) { it.Raw = []byte(fields[c.Intn(len(fields))]) },
		func(it *intstr.IntOrString, c randfill.Continue) {
			if c.Bool() {
				*it = intstr.FromInt32(int32(number(c)))
			} else {
				*it = intstr.FromString(texts[c.Intn(len(texts))])
			}
		},
		func(it *resource.Quantity, c randfill.Continue) {
			texts := []string{"0", "1", "100m", "8Gi", "1500Mi", "1k", "-3", "9223372036854775807", "1e3", "0.5"}
			*it = resource.MustParse(texts[c.Intn(len(texts))])
		},
	)
}

// number is small, large, or below zero.
func number(c randfill.Continue) int64 {
	numbers := []int64{0, 1, -1, 127, 128, 443, 65534, 1<<31 - 1, -1 << 31}
	return numbers[c.Intn(len(numbers))]
}

// answers are whole bodies.
func answers(pods []object) []object {
	remaining := int64(149_497)
	list := &corev1.PodList{
		TypeMeta: metav1.TypeMeta{Kind: "PodList", APIVersion: "v1"},
		ListMeta: metav1.ListMeta{
			ResourceVersion:    "184467",
			Continue:           "eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6MTg0NDY3LCJzdGFydCI6InNob3AvcmVkaXMtMlx1MDAwMCJ9",
			RemainingItemCount: &remaining,
		},
	}
	for _, it := range pods[:3] {
		list.Items = append(list.Items, *it.DeepCopyObject().(*corev1.Pod))
	}
	// Longer than two bytes of a length can say.
	list.Items[2].Annotations = map[string]string{"example.com/notes": strings.Repeat("0123456789abcdef", 1100)}
	nothing := &corev1.PodList{
		TypeMeta: metav1.TypeMeta{Kind: "PodList", APIVersion: "v1"},
		ListMeta: metav1.ListMeta{ResourceVersion: "1000"},
		Items:    []corev1.Pod{},
	}
	failure := func(code int32, reason metav1.StatusReason, message string, details *metav1.StatusDetails) *metav1.Status {
		return &metav1.Status{
			TypeMeta: metav1.TypeMeta{Kind: "Status", APIVersion: "v1"},
			Status:   metav1.StatusFailure,
			Message:  message,
			Reason:   reason,
			Details:  details,
			Code:     code,
		}
	}
	forbidden := failure(403, metav1.StatusReasonForbidden,
		`pods is forbidden: User "jane" cannot list resource "pods" in API group "" in the namespace "shop"`,
		&metav1.StatusDetails{Kind: "pods"})
	expired := failure(410, metav1.StatusReasonExpired,
		"The provided continue parameter is too old to display a consistent list result.", nil)
	expired.Continue = "eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6LTEsInN0YXJ0Ijoic2hvcC9yZWRpcy0yXHUwMDAwIn0"
	invalid := failure(422, metav1.StatusReasonInvalid, `Pod "redis-0" is invalid: spec.containers: Required value`,
		&metav1.StatusDetails{
			Name: "redis-0",
			Kind: "Pod",
			UID:  "0b5f7a0e-5b0a-4a57-8a43-5d6c6b1c0a11",
			Causes: []metav1.StatusCause{
				{Type: metav1.CauseTypeFieldValueRequired, Message: "Required value", Field: "spec.containers"},
				{Type: metav1.CauseTypeFieldValueInvalid, Message: `Invalid value: "größer": too long`, Field: "spec.hostname"},
			},
			RetryAfterSeconds: 3,
		})
	return []object{list, nothing, forbidden, expired, invalid}
}

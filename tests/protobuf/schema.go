package main

import (
	"encoding/json"
	"fmt"
	"io"
	"reflect"
	"sort"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// A field as Kubernetes' marshalling writes it: in the order of numbers, always where it is no pointer.
type field struct {
	Number int `json:"number"`
	// Empty for what is a message of its own in Protobuf, and in JSON part of the message around it.
	JSON string `json:"json,omitempty"`
	// A scalar, a message of this schema, or one of the types that JSON writes in another shape.
	Type     string `json:"type"`
	Repeated bool   `json:"repeated,omitempty"`
	// The keys of a map are strings.
	Map     bool `json:"map,omitempty"`
	Pointer bool `json:"pointer,omitempty"`
}

// These are messages in Protobuf, and in JSON a string, a number or whatever the bytes say.
var special = map[reflect.Type]string{
	reflect.TypeFor[resource.Quantity]():  "quantity",
	reflect.TypeFor[metav1.Time]():        "time",
	reflect.TypeFor[intstr.IntOrString](): "intorstring",
	reflect.TypeFor[metav1.FieldsV1]():    "fieldsv1",
}

type messages struct {
	fields map[string][]field
	types  map[string]reflect.Type
}

// writeSchema writes a message a line, so that a later release's schema can be compared by eye.
func writeSchema(out io.Writer) error {
	s := messages{fields: map[string][]field{}, types: map[string]reflect.Type{}}
	for _, root := range []reflect.Type{
		reflect.TypeFor[corev1.PodList](),
		reflect.TypeFor[corev1.PersistentVolumeClaimList](),
		reflect.TypeFor[corev1.PersistentVolumeList](),
		reflect.TypeFor[metav1.Status](),
	} {
		if err := s.add(root); err != nil {
			return err
		}
	}
	names := make([]string, 0, len(s.fields))
	for name := range s.fields {
		names = append(names, name)
	}
	sort.Strings(names)
	for i, name := range names {
		fields, err := json.Marshal(s.fields[name])
		if err != nil {
			return err
		}
		before := ",\n"
		if i == 0 {
			before = "{\n"
		}
		if _, err := fmt.Fprintf(out, "%s%q:%s", before, name, fields); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintln(out, "\n}")
	return err
}

func (s *messages) add(t reflect.Type) error {
	name := t.Name()
	if known, ok := s.types[name]; ok {
		if known != t {
			return fmt.Errorf("%v and %v have one name", known, t)
		}
		return nil
	}
	s.types[name] = t
	var fields []field
	for i := range t.NumField() {
		f := t.Field(i)
		tag, ok := f.Tag.Lookup("protobuf")
		if !ok {
			// Kind and apiVersion stand in the envelope.
			if f.Type == reflect.TypeFor[metav1.TypeMeta]() {
				continue
			}
			return fmt.Errorf("%v.%s has no Protobuf number", t, f.Name)
		}
		number, err := strconv.Atoi(strings.Split(tag, ",")[1])
		if err != nil {
			return fmt.Errorf("%v.%s: %w", t, f.Name, err)
		}
		jsonName, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		one := field{Number: number, JSON: jsonName}
		if jsonName == "" && !f.Anonymous {
			return fmt.Errorf("%v.%s has no name in JSON", t, f.Name)
		}
		inner := f.Type
		switch {
		case special[inner] != "":
		case inner.Kind() == reflect.Pointer:
			one.Pointer = true
			inner = inner.Elem()
		case inner.Kind() == reflect.Slice:
			one.Repeated = true
			inner = inner.Elem()
		case inner.Kind() == reflect.Map && inner.Key().Kind() == reflect.String:
			one.Map = true
			inner = inner.Elem()
		}
		if one.Type, err = s.typeName(inner); err != nil {
			return fmt.Errorf("%v.%s: %w", t, f.Name, err)
		}
		fields = append(fields, one)
	}
	sort.Slice(fields, func(a, b int) bool { return fields[a].Number < fields[b].Number })
	s.fields[name] = fields
	return nil
}

func (s *messages) typeName(t reflect.Type) (string, error) {
	if name := special[t]; name != "" {
		return name, nil
	}
	switch t.Kind() {
	case reflect.String, reflect.Bool, reflect.Int32, reflect.Int64:
		return t.Kind().String(), nil
	case reflect.Struct:
		return t.Name(), s.add(t)
	default:
		return "", fmt.Errorf("%v is new", t)
	}
}

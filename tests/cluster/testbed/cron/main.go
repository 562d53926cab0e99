// What the CronJob controller makes of schedules. The testbed compiles this together with the controller's own utils.go.
//
// A line of the input is a question, a line of the output its answer:
//
//	next SCHEDULE ZONE FROM               three slots after FROM in Unix seconds, "never" where there are no more
//	due SCHEDULE ZONE BASE DEADLINE NOW   the slot that is started at NOW after BASE, "none", or "invalid"
//
// separated by tabs; "error" where the schedule is not understood, DEADLINE "-" where there is none.
package main

import (
	"bufio"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/robfig/cron/v3"
	batchv1 "k8s.io/api/batch/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
)

// What utils.go takes from its neighbours.
var controllerKind = batchv1.SchemeGroupVersion.WithKind("CronJob")

const nextScheduleDelta = 100 * time.Millisecond

func getJobName(cronJob *batchv1.CronJob, slot time.Time) string { return "" }

func main() {
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, 1<<20)
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	for in.Scan() {
		fmt.Fprintln(out, answer(strings.Split(in.Text(), "\t")))
	}
}

var zones = map[string]*time.Location{}

func zone(name string) *time.Location {
	if zones[name] == nil {
		found, err := time.LoadLocation(name)
		if err != nil {
			panic(err)
		}
		zones[name] = found
	}
	return zones[name]
}

func answer(question []string) string {
	clocks := zone(question[2])
	schedule, err := cron.ParseStandard(question[1])
	if err != nil {
		return "error"
	}
	at := func(i int) time.Time {
		seconds, err := strconv.ParseInt(question[i], 10, 64)
		if err != nil {
			panic(err)
		}
		return time.Unix(seconds, 0).In(clocks)
	}
	if question[0] == "next" {
		slots := []string{}
		for t := schedule.Next(at(3)); len(slots) < 3; t = schedule.Next(t) {
			if t.IsZero() {
				slots = append(slots, "never")
				break
			}
			slots = append(slots, strconv.FormatInt(t.Unix(), 10))
		}
		return strings.Join(slots, " ")
	}
	cronJob := &batchv1.CronJob{}
	cronJob.Status.LastScheduleTime = &metav1.Time{Time: at(3)}
	if question[4] != "-" {
		seconds, _ := strconv.ParseInt(question[4], 10, 64)
		cronJob.Spec.StartingDeadlineSeconds = ptr.To(seconds)
	}
	_, slot, _, err := mostRecentScheduleTime(cronJob, at(5), schedule, true)
	switch {
	case err != nil:
		return "invalid"
	case slot == nil:
		return "none"
	}
	return strconv.FormatInt(slot.Unix(), 10)
}

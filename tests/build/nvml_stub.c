/* A stand-in for libnvidia-ml.so.1, for tests without a GPU: up to 104 boards like an H100.
 *
 * Layouts and return codes are those of nvml.h. NVML_STUB_GPUS says how many boards there are.
 * NVML_STUB_FILE names a script of one order a line, read again whenever it changes:
 *
 *   gpus N                   how many boards there are
 *   clock SECONDS            the time, instead of the machine's
 *   driver VERSION           what the driver says it is
 *   init CODE                nvmlInit fails       slow MS   ... or takes so long
 *   over N                   every call is uninitialised until the next nvmlInit sees that N
 *   lost GPU                 that board has fallen off the bus
 *   order N                  boards are listed from the Nth on
 *   hang FUNCTION            it never returns
 *   call FUNCTION CODE [GPU] it fails
 *   field N CODE [GPU] [SCOPE]  that field fails inside a call that succeeds
 *   value N NUMBER           that field says this
 *   spoil N                  a call with that field and others fails as a whole
 *   mig GPU COUNT [shared]   the board is cut; shared: compute instances of one GPU instance
 *   proc GPU PID MIB BUSY    a process; MIB -1 is "not available"
 *   xid GPU CODE             the driver tells that error, once for each such line
 *   sm PERCENT               what the activity counters say
 *   grace 1                  the board is part of a module
 *   fabric STATE             of the NVLink fabric
 *   capability MAJOR MINOR   the chip
 *
 * With NVML_STUB_BUSY each board has one process: ourselves.
 * A board draws 700 W for 5 s and 100 W for 5 s, forever. With -DOLD it is a driver of 2021.
 */
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define MOST 104
#define PARTS 7
#define ORDERS 512
enum { OK, UNINITIALIZED, INVALID, UNSUPPORTED, DENIED, NOT_FOUND = 6, TOO_SMALL, TIMEOUT = 10, LOST = 15 };

typedef struct { int gpu, part, generation; } Device;
typedef struct { char verb[16], word[64]; long long a, b, c; int given; } Order;
typedef struct { uint32_t field, scope; int64_t time, latency; uint32_t type, code;
                 union { double d; uint32_t u; uint64_t v; int32_t i; } value; } Value;

static Device boards[2][MOST], parts[2][MOST][PARTS];
static Order orders[ORDERS];
static int count, generation, begun, told, over;
static struct timespec read_at;
static const char *path; /* of the script */
static int busy;
static pid_t self;

__attribute__((constructor)) static void loaded(void) {
  path = getenv("NVML_STUB_FILE");
  busy = getenv("NVML_STUB_BUSY") != 0;
  self = getpid();
}

static void script(void) {
  struct stat st;
  if (!path || stat(path, &st) || (st.st_mtim.tv_sec == read_at.tv_sec && st.st_mtim.tv_nsec == read_at.tv_nsec)) return;
  FILE *file = fopen(path, "r");
  char line[160];
  if (!file) return;
  read_at = st.st_mtim;
  Order fresh[ORDERS];
  int n = 0;
  while (n < ORDERS && fgets(line, sizeof line, file)) {
    Order o = {.c = -1};
    char rest[3][64] = {"", "", ""}, last[64] = "";
    if (sscanf(line, "%15s %63s %63s %63s %63s", o.verb, o.word, rest[0], rest[1], last) < 2) continue;
    o.given = *rest[1] ? 3 : *rest[0] ? 2 : 1;
    if (!strcmp(o.verb, "call")) { o.a = atoll(rest[0]); o.b = *rest[1] ? atoll(rest[1]) : -1; }
    else { o.a = atoll(rest[0]); o.b = *rest[1] ? atoll(rest[1]) : -1; o.c = *last ? atoll(last) : -1; }
    fresh[n++] = o;
  }
  fclose(file);
  memcpy(orders, fresh, sizeof fresh[0] * n);
  count = n;
}
static Order *order(const char *verb) {
  for (int i = 0; i < count; i++) if (!strcmp(orders[i].verb, verb)) return &orders[i];
  return 0;
}
static Order *about(const char *verb, const char *word, int gpu) { /* orders with a name, for one board or all */
  for (int i = 0; i < count; i++)
    if (!strcmp(orders[i].verb, verb) && !strcmp(orders[i].word, word) && (orders[i].b < 0 || orders[i].b == gpu)) return &orders[i];
  return 0;
}
static Order *of(const char *verb, int gpu) {
  for (int i = 0; i < count; i++) if (!strcmp(orders[i].verb, verb) && atoi(orders[i].word) == gpu) return &orders[i];
  return 0;
}

static double now(void) {
  Order *o = order("clock");
  struct timespec t;
  if (o) return atof(o->word);
  clock_gettime(CLOCK_REALTIME, &t);
  return t.tv_sec - 1700000000 + t.tv_nsec / 1e9;
}
static uint64_t wall_us(void) { return 1700000000000000ull + (uint64_t)(now() * 1e6); }
#ifndef OLD
static double watts(double t) { return (long long)(t / 5) % 2 ? 100 : 700; }
#endif
static double joules(double t) {
  double whole = (long long)(t / 10), rest = t - whole * 10;
  return whole * 4000 + (rest < 5 ? rest * 700 : 3500 + (rest - 5) * 100);
}
static uint64_t energy_mj(void) { double t = (long long)(now() * 10) / 10.0; return 1000ull * (uint64_t)joules(t); } /* steps of 100 ms */
static uint32_t mean_mw(void) { double t = now(); return 1000 * (joules(t) - joules(t - 1)); }

static int boards_count(void) {
  if (order("gpus")) return atoi(order("gpus")->word);
  const char *n = getenv("NVML_STUB_GPUS"); int c = n ? atoi(n) : 8; return c > MOST ? MOST : c;
}
static void hangs(const char *name) { while (about("hang", name, -1)) { usleep(1000); script(); } }
static int before(const char *name) { /* what every call may do */
  script();
  hangs(name);
  if (!begun || (order("over") && atoi(order("over")->word) != over)) return UNINITIALIZED;
  Order *o = about("call", name, -2);
  return o && o->b < 0 ? o->a : OK;
}
static int asks(Device *d, const char *name) { /* what every call about a device may do */
  int r = before(name);
  if (r) return r;
  if (d->generation != generation) return INVALID;
  if (of("lost", d->gpu)) return LOST;
  Order *o = about("call", name, d->gpu);
  return o ? o->a : OK;
}
#define CALL { int r_ = before(__func__); if (r_) return r_; }
#define ASKS(d) { int r_ = asks(d, __func__); if (r_) return r_; }
#define WHOLE(d) { if ((d)->part >= 0 || of("mig", (d)->gpu)) return UNSUPPORTED; }
static int cut(int gpu) { Order *o = of("mig", gpu); return o ? o->a : 0; }
static int shared(int gpu) { Order *o = of("mig", gpu); return o && o->given == 3; }
static const char *driver(void) { Order *o = order("driver"); return o ? o->word : "570.86.15"; }

int nvmlInitWithFlags(unsigned flags) {
  (void)flags; script(); hangs(__func__);
  if (order("slow")) usleep(1000 * atoi(order("slow")->word));
  if (order("init")) return atoi(order("init")->word);
  if (!begun++) {
    generation++;
    told = 0;
    over = order("over") ? atoi(order("over")->word) : 0;
    for (int i = 0; i < MOST; i++) {
      boards[generation % 2][i] = (Device){i, -1, generation};
      for (int p = 0; p < PARTS; p++) parts[generation % 2][i][p] = (Device){i, p, generation};
    }
  }
  return OK;
}
int nvmlInit_v2(void) { return nvmlInitWithFlags(0); }
int nvmlShutdown(void) { if (!begun) return UNINITIALIZED; begun--; return OK; }
const char *nvmlErrorString(int r) { (void)r; return "stub"; }
int nvmlSystemGetDriverVersion(char *s, unsigned n) { CALL snprintf(s, n, "%s", driver()); return OK; }
int nvmlDeviceGetCount_v2(unsigned *n) { CALL *n = boards_count(); return OK; }
int nvmlDeviceGetHandleByIndex_v2(unsigned i, Device **d) {
  CALL
  if ((int)i >= boards_count()) return INVALID;
  int gpu = (i + (order("order") ? atoi(order("order")->word) : 0)) % boards_count();
  if (of("lost", gpu)) return LOST;
  *d = &boards[generation % 2][gpu];
  return OK;
}
int nvmlDeviceGetUUID(Device *d, char *s, unsigned n) {
  ASKS(d)
  if (d->part < 0) snprintf(s, n, "GPU-00000000-0000-0000-0000-%012d", d->gpu);
  else snprintf(s, n, "MIG-00000000-0000-0000-%04d-%012d", d->part, d->gpu);
  return OK;
}
int nvmlDeviceGetName(Device *d, char *s, unsigned n) {
  ASKS(d) snprintf(s, n, d->part < 0 ? "NVIDIA H100 80GB HBM3" : "NVIDIA H100 80GB HBM3 MIG 1g.10gb"); return OK;
}
int nvmlDeviceGetSerial(Device *d, char *s, unsigned n) { ASKS(d) snprintf(s, n, "16530200%05d", d->gpu); return OK; }
int nvmlDeviceGetVbiosVersion(Device *d, char *s, unsigned n) { ASKS(d) snprintf(s, n, "96.00.74.00.01"); return OK; }
typedef struct { char legacy[16]; unsigned domain, bus, device, id, subsystem; char bus_id[32]; } Pci;
int nvmlDeviceGetPciInfo_v3(Device *d, Pci *p) {
  ASKS(d) memset(p, 0, sizeof *p); p->bus = d->gpu + 1;
  snprintf(p->bus_id, sizeof p->bus_id, "00000000:%02X:00.0", p->bus); return OK;
}
int nvmlDeviceGetCudaComputeCapability(Device *d, int *major, int *minor) {
  ASKS(d) Order *o = order("capability"); *major = o ? atoi(o->word) : 9; *minor = o ? o->a : 0; return OK;
}

static int field(Device *d, Value *v) { /* one field; the upper half of the union is not ours when the value is small */
  char name[16];
  if (count) snprintf(name, sizeof name, "%u", v->field);
  for (int i = 0; i < count; i++) {
    Order *o = &orders[i];
    if (!strcmp(o->verb, "field") && !strcmp(o->word, name) && (o->b < 0 || o->b == d->gpu) && (o->c < 0 || o->c == v->scope)) return o->a;
  }
  Order *said = count ? about("value", name, -2) : 0;
  uint64_t big = 0; uint32_t small = 0; int is_big = 0;
#define SMALL(n, x) case n: small = (x); break;
#define BIG(n, x) case n: big = (x); is_big = 1; break;
  switch (v->field) {
    SMALL(1, 1) BIG(3, 7) BIG(4, 1) BIG(5, 70) BIG(6, 2)
    BIG(74, 1500000000ull) BIG(75, 2500000000ull) SMALL(82, 55) BIG(83, energy_mj()) SMALL(91, 18) SMALL(94, 3)
    SMALL(142, 4) SMALL(143, 1) SMALL(144, 0) SMALL(145, 0)
#ifndef OLD
    BIG(138, v->scope == UINT_MAX ? 5000 : 0) BIG(139, v->scope == UINT_MAX ? 6000 : 0)
    BIG(161, v->scope == UINT_MAX ? 36 : 2) BIG(162, v->scope == UINT_MAX ? 18 : 1) BIG(163, 0)
    BIG(202, 9000) BIG(204, 8000) BIG(208, 5) BIG(215, 1)
    SMALL(186, 1000 * watts(now())) SMALL(190, 700000) BIG(197, 123456789) BIG(198, 987654321) SMALL(230, 0)
    BIG(269, 500000000ull) BIG(270, 250000000ull) BIG(271, 125000000ull)
    case 185: if (v->scope == 1 && !order("grace")) return UNSUPPORTED; small = v->scope ? 900000 : mean_mw(); break;
#endif
    default: return v->field > 170 ? INVALID : UNSUPPORTED;
  }
  if (said) { big = said->a; small = said->a; }
  v->type = is_big ? 3 : 1;
  if (is_big) v->value.v = big;
  else { v->value.v = 0xDEADBEEFDEADBEEFull; v->value.u = small; }
  return OK;
}
int nvmlDeviceGetFieldValues(Device *d, int n, Value *v) {
  ASKS(d)
  for (int i = 0; i < n; i++)
    for (int k = 0; k < count; k++)
      if (!strcmp(orders[k].verb, "spoil") && atoi(orders[k].word) == (int)v[i].field && (n > 1 || !orders[k].a)) return 999;
  for (int i = 0; i < n; i++) { v[i].latency = 1; v[i].code = field(d, &v[i]); }
  return OK;
}

typedef struct { unsigned gpu, memory; } Rates;
int nvmlDeviceGetUtilizationRates(Device *d, Rates *r) { ASKS(d) WHOLE(d) r->gpu = 42; r->memory = 10; return OK; }
typedef struct { unsigned long long total, free, used; } Memory;
int nvmlDeviceGetMemoryInfo(Device *d, Memory *m) { ASKS(d) m->total = 81559ull << 20; m->used = 1500ull << 20; m->free = m->total - m->used; return OK; }
int nvmlDeviceGetPowerUsage(Device *d, unsigned *p) { ASKS(d) *p = mean_mw(); return OK; }
int nvmlDeviceGetEnforcedPowerLimit(Device *d, unsigned *p) { ASKS(d) *p = 650000; return OK; }
int nvmlDeviceGetTotalEnergyConsumption(Device *d, unsigned long long *e) { ASKS(d) *e = energy_mj(); return OK; }
int nvmlDeviceGetTemperature(Device *d, int sensor, unsigned *t) { ASKS(d) (void)sensor; *t = 41; return OK; }
int nvmlDeviceGetClockInfo(Device *d, int kind, unsigned *c) { ASKS(d) *c = kind == 1 ? 1980 : 2619; return OK; }
int nvmlDeviceGetMigMode(Device *d, unsigned *current, unsigned *pending) { ASKS(d) *current = *pending = cut(d->gpu) > 0; return OK; }
int nvmlDeviceGetMaxMigDeviceCount(Device *d, unsigned *n) { ASKS(d) *n = PARTS; return OK; }
int nvmlDeviceGetMigDeviceHandleByIndex(Device *d, unsigned i, Device **part) {
  ASKS(d) if ((int)i >= cut(d->gpu)) return NOT_FOUND;
  *part = &parts[generation % 2][d->gpu][i]; return OK;
}
int nvmlDeviceGetGpuInstanceId(Device *d, unsigned *n) { ASKS(d) *n = shared(d->gpu) ? 1 : d->part + 1; return OK; }
int nvmlDeviceGetCurrentClocksThrottleReasons(Device *d, unsigned long long *r) { ASKS(d) *r = 0x24; return OK; }

typedef struct { unsigned pid; unsigned long long memory; unsigned gi, ci; } Process;
static int processes(Device *d, unsigned *n, Process *p) { /* on instances: process i is on instance i */
  unsigned room = *n, found = 0;
  for (int i = 0, k = 0; i < count; i++) {
    if (strcmp(orders[i].verb, "proc") || atoi(orders[i].word) != d->gpu) continue;
    if (d->part >= 0 && k++ % cut(d->gpu) != d->part) continue;
    if (p && found < room) p[found] = (Process){orders[i].a, orders[i].b < 0 ? ~0ull : (unsigned long long)orders[i].b << 20, 1, 0};
    found++;
  }
  if (!count && d->part < 0 && busy) { if (p && room) p[0] = (Process){self, 1ull << 30, ~0u, ~0u}; found = 1; }
  *n = found;
  return found > room ? TOO_SMALL : OK;
}
int nvmlDeviceGetComputeRunningProcesses_v2(Device *d, unsigned *n, Process *p) { ASKS(d) return processes(d, n, p); }
typedef struct { unsigned pid; unsigned long long time; unsigned sm, memory, encoder, decoder; } Sample;
int nvmlDeviceGetProcessUtilization(Device *d, Sample *s, unsigned *n, unsigned long long since) {
  ASKS(d) WHOLE(d)
  unsigned room = *n, found = 0;
  uint64_t last = wall_us() / 1000000 * 1000000; /* a sample a second, the two newest kept */
  for (uint64_t time = last - 1000000; time <= last; time += 1000000)
    for (int i = 0; i < count && time > since; i++) {
      if (strcmp(orders[i].verb, "proc") || atoi(orders[i].word) != d->gpu) continue;
      if (s && found < room) s[found] = (Sample){orders[i].a, time, orders[i].c, 0, 0, 0};
      found++;
    }
  if (!count && busy && last > since) { if (s && room) s[0] = (Sample){self, last, 50, 0, 0, 0}; found = 1; }
  *n = found;
  return found > room ? TOO_SMALL : found ? OK : NOT_FOUND;
}

#ifndef OLD
typedef struct { unsigned version; unsigned long long total, reserved, free, used; } Memory2;
int nvmlDeviceGetMemoryInfo_v2(Device *d, Memory2 *m) {
  ASKS(d) if (m->version != (sizeof *m | 2 << 24)) return 25;
  m->total = d->part < 0 ? 81559ull << 20 : 9984ull << 20; m->reserved = 500ull << 20; m->used = 1000ull << 20; m->free = m->total - m->reserved - m->used; return OK;
}
int nvmlDeviceGetComputeRunningProcesses_v3(Device *d, unsigned *n, Process *p) { ASKS(d) return processes(d, n, p); }
typedef struct { unsigned version; int sensor, degrees; } Temperature;
int nvmlDeviceGetTemperatureV(Device *d, Temperature *t) { ASKS(d) if (t->version != (sizeof *t | 1 << 24)) return 25; t->degrees = 41; return OK; }
typedef struct { unsigned version; int degrees; } Margin;
int nvmlDeviceGetMarginTemperature(Device *d, Margin *m) { ASKS(d) if (m->version != (sizeof *m | 1 << 24)) return 25; m->degrees = 46; return OK; }
int nvmlDeviceGetCurrentClocksEventReasons(Device *d, unsigned long long *r) { ASKS(d) *r = 0x4; return OK; }
typedef struct { unsigned version; unsigned char cluster[16]; unsigned status, clique; unsigned char state; unsigned health; unsigned char summary; } Fabric;
int nvmlDeviceGetGpuFabricInfoV(Device *d, Fabric *f) {
  ASKS(d) if (f->version != (sizeof *f | 3 << 24)) return 25;
  f->state = order("fabric") ? atoi(order("fabric")->word) : 3; f->status = 0; return OK;
}
typedef struct { double taken; int gpu, part; } Activity;
typedef struct { unsigned id, code; double value; char *names[3]; } Metric;
typedef struct { unsigned version, n; Activity *first, *second; Metric metrics[]; } Metrics;
typedef struct { unsigned version, supported; } Support;
int nvmlGpmQueryDeviceSupport(Device *d, Support *s) { ASKS(d) s->supported = 1; return OK; }
int nvmlGpmSampleAlloc(Activity **a) { CALL *a = calloc(1, sizeof **a); return OK; }
int nvmlGpmSampleFree(Activity *a) { free(a); return OK; }
int nvmlGpmSampleGet(Device *d, Activity *a) { ASKS(d) WHOLE(d) *a = (Activity){now(), d->gpu, -1}; return OK; }
int nvmlGpmMigSampleGet(Device *d, unsigned part, Activity *a) { ASKS(d) *a = (Activity){now(), d->gpu, part}; return OK; }
int nvmlGpmMetricsGet(Metrics *m) {
  CALL
  if (m->version != 1 || m->first->gpu != m->second->gpu || m->first->part != m->second->part || m->first->taken > m->second->taken) return INVALID;
  double base = order("sm") ? atof(order("sm")->word) : 60;
  for (unsigned i = 0; i < m->n; i++) { m->metrics[i].code = OK; m->metrics[i].value = base / m->metrics[i].id; }
  return OK;
}
#endif

typedef struct { Device *device; unsigned long long kind, data; unsigned gi, ci; } Event;
static unsigned char registered[MOST];
int nvmlEventSetCreate(void **set) { CALL *set = registered; memset(registered, 0, sizeof registered); return OK; }
int nvmlEventSetFree(void *set) { (void)set; return OK; }
int nvmlDeviceRegisterEvents(Device *d, unsigned long long kinds, void *set) { ASKS(d) (void)set; if (kinds != 8) return UNSUPPORTED; registered[d->gpu] = 1; return OK; }
int nvmlEventSetWait_v2(void *set, Event *e, unsigned ms) {
  (void)set;
  for (unsigned waited = 0;; waited += 5) {
    CALL
    int n = 0;
    for (int i = 0; i < count; i++) {
      if (strcmp(orders[i].verb, "xid") || n++ < told) continue;
      told = n;
      if (!registered[atoi(orders[i].word)]) continue;
      *e = (Event){&boards[generation % 2][atoi(orders[i].word)], 8, orders[i].a, ~0u, ~0u};
      return OK;
    }
    if (waited >= ms) return TIMEOUT;
    if (!path) { usleep(1000 * ms); return TIMEOUT; } /* nobody can tell us of one */
    usleep(5000);
  }
}

/* accounts_openmetrics.h: the accounts of a heap for Prometheus and what else reads OpenMetrics 1.0 text. */
#ifndef FREEHOLD_REPORT_ACCOUNTS_OPENMETRICS_H
#define FREEHOLD_REPORT_ACCOUNTS_OPENMETRICS_H

#include <stdio.h>

#include "record/accounts.h"

/* A whole exposition, "# EOF" included. The process is the label `pid`; figures of size classes have `size_class`, too. */
void accounts_openmetrics_write(const struct fh_accounts *accounts, FILE *to);

#endif

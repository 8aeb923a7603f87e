/* A validator for tests: the token `token-of-NAME` is the user NAME's. */
#include "postgres.h"

#include "fmgr.h"
#include "libpq/oauth.h"

PG_MODULE_MAGIC;

static bool
validate(const ValidatorModuleState *state, const char *token, const char *role, ValidatorModuleResult *result)
{
	const char *prefix = "token-of-";

	result->authorized = strncmp(token, prefix, strlen(prefix)) == 0;
	if (result->authorized)
		result->authn_id = pstrdup(token + strlen(prefix));
	return true;
}

static const OAuthValidatorCallbacks callbacks = {PG_OAUTH_VALIDATOR_MAGIC, .validate_cb = validate};

const OAuthValidatorCallbacks *
_PG_oauth_validator_module_init(void)
{
	return &callbacks;
}

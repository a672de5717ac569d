// An OpenID Connect provider for tests: the certified library oidc-provider, with a sign-in page that a test answers by
// query: /interaction/<uid>?subject=…&email=…&verified=…&amr=…
import Provider from "oidc-provider";

const { PORT, CLIENT, JWKS } = process.env;
const issuer = `http://127.0.0.1:${PORT}`;
const accounts = new Map();

const provider = new Provider(issuer, {
  clients: [JSON.parse(CLIENT)],
  jwks: JSON.parse(JWKS),
  cookies: { keys: ["only for tests"] },
  claims: { openid: ["sub"], email: ["email", "email_verified"], acr: null, amr: null, auth_time: null },
  features: { claimsParameter: { enabled: true }, devInteractions: { enabled: false } },
  interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
  findAccount: async (_, id) => ({ accountId: id, claims: async () => ({ sub: id, ...accounts.get(id) }) }),
  loadExistingGrant: async (context) => {
    const { client, session } = context.oidc;
    const grant = new provider.Grant({ clientId: client.clientId, accountId: session.accountId });
    grant.addOIDCScope("openid email");
    grant.addOIDCClaims(["email", "email_verified", "auth_time", "acr", "amr"]);
    await grant.save();
    return grant;
  },
});

provider.use(async (context, next) => {
  if (!context.path.startsWith("/interaction/")) return next();
  const { subject, email, verified, amr } = context.query;
  accounts.set(subject, { email, email_verified: verified === "true" });
  context.respond = false;
  const login = { accountId: subject, amr: amr ? amr.split(" ") : undefined };
  return provider.interactionFinished(context.req, context.res, { login }, { mergeWithLastSubmission: false });
});

provider.listen(Number(PORT), "127.0.0.1", () => console.log("ready"));

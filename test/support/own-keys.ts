// Keys that a maintainer brings, made by gpg and openssl: RSA of 2048 bits, the least that is taken. The Worker's own
// have 4096, take it seconds to make and six times as long to sign with; the tests of fresh state and of every target
// have those. These are for repositories of tests whose subject is no key. They sign nothing else.

/** `gpg --cert-digest-algo SHA512 --quick-generate-key … rsa2048 sign never` */
const OPENPGP_KEY = `-----BEGIN PGP PRIVATE KEY BLOCK-----

lQOYBGd0hYABCADUvYZyguDrxsbqknJiLl4K4bG2DblcYOnE6VPJCFQoGrhw6RpA
It8tmAJIb2xmaJE6UuMWOXGrcsCTEfCPP5IyVWA2ND7e1dPBZnh85k5pXqdcdmPi
d4CSjhVzmojKzTX52vTb8tw0I/IOySd3oi1jHPZqY0bN48OesmeM9w0wr47+QxJ7
d3b7Ytk6Tp5oTxxfSNlOcUx5WFsmgFr4TBtjiQbNOLdW4sPjNCYorgawx1cQkiOk
dT4RldPIJHdhTnCXU+ceYcbYHwoCcqC/2WubIHr2F/Up3iZO8wtMvdMGJOIN5zvh
ARY3tWuES10upmtfwCc8GwHfXtRbLzLUsP67ABEBAAEAB/4+99IBtudoIi/iYnJk
ySCgy+jT4AALbcwDsqRQDp0KOc557SUN8sRoNGQImKJXNYA26S25+ErC2nZRka/I
VqKpL0gJAzHQty20QuZK4cg3vAKBhbFO6NwvhMqoqwbuMAtX5w0uxRWUgUc2RSff
aytP+NSe7L+aVV4jbN7lhIJs9B86UD9aU/KReSqPl0DtSPi9pdLCgo05YcNVncMz
PB/Nklog7TxVx6/hdIKMmgfgBNn2H+3+DK2rPwkG7rvFfgWCdn4WJdgqyKvigTag
8ChslPMxvPbaFSWr6XjNOiDhNzdaaUkyGfhiJueDIclg2Sx8OgOv/r1WucP3W6Uf
qvZRBADZdoD6vgha/5zPjJJb2Y1vrb6tO5CYcI2vUEntYpddg5ERXmynoMiKo8ir
vCR73r2op04LdxJNIHk9av4+TrcaA29RV43zdjzCPCJW+OaH0kpFj93TRmrv8JBa
iiZXJjDTeSegdybdaPPFJLlAXVGTAz0cRvExDuTqTJ0cWmoAHwQA+nDGiAp2WyBw
YyVbizbqxTtxg6wvmY/CjwWuid3TG6iQhdHxchi2Pu8R5TOLQGntrVDuhaKst6q1
VB05nRQLq/vcV72/p/tHC69xB13crI65cQqwXzBj0+B+w8gER86jJn/V6mTSdJ2s
EEs62IAbvH8pRr2z8l5pQA/KOPU4veUD/RPc+Ice7Udc4/1yiAIt5pH5wPuZSN7t
SEFpQvg7FEqcV4qM3oYV6W1qWNtMVvVTCl0TpBluSxNXJrSyk/BeeLCkG3bBQw1F
NOi7FVrh8I3Vx0lrBPnuSPWc6ikRIlRW4iSdD9sg0bptMMBSijEdZyf6ITNLb7K1
v74FJ50ocZs3P+W0FVRoZSB0ZXN0cycgcmVwb3NpdG9yeYkBTgQTAQoAOBYhBPWu
nQO5S1ZfAAn56qAnrbwL2zG4BQJndIWAAhsDBQsJCAcCBhUKCQgLAgQWAgMBAh4B
AheAAAoJEKAnrbwL2zG4CoUIAKe5pGvd7S+qBPO1scPGScpnMfIRUES6TMWLCbwu
pSLX3gFdVo+9tYngTql91O3ePwC1wqxSfy/6Vh0/o0lBJFBQCqFk7ad9fGmYtWew
pk/cFwDtn+pn2e3w2wqBgYL2t8Edq1LLjsysGyS6y+RLt5b6k45xElSLK42fj8xW
QC1wu1l23e4rJPZ2LIkLNK7L1LvcHeShZCi4LbqP//t34QyOligkhVQIICrExpyB
vxxEnjtMDT0s4n4NL3G1EKC9wXk97lLqqGB052trpt2cCsbHvWTRrXUu7yqaMOY9
wBsipuBQv6wmkrXbtKywv3+fdK7+nWiTMDn1p0hyzOzmS8E=
=3y3M
-----END PGP PRIVATE KEY BLOCK-----
`

/** `openssl genrsa 2048`: what abuild-keygen called until 2021. */
export const RSA_KEY = `-----BEGIN PRIVATE KEY-----
MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC2dvzE2CEMubws
5UdFP8TLByFuXd9zKGm+Fx2ry1lNfwZK+rg+ggESX1wAOK52YTaU+DNkutvlEGWb
8IqK6dU7gUmOIqgV6uWlbPdknzfm4Vq5SpBmMh3dzsCh7JvNhDPzFtdsnMVAIWJB
Q3IME2+cFK3vn1z+2sm9zZW4v5Yk9uNGvYOR0fUhf69KrJM18w3RLTlMuzDsA8a2
VQgkxWybNfvHDL3l5k1VApvkQDI2erz/FLuX1tfsfTlHxeRU4qkq9/3WajOrRskE
Q7cGb2alUUIVTehbxXRAIbeD6aa7yWYMLzRAC+9/iGBiMvZ6ZYmsr7xPVkFSpqcy
u57zEipXAgMBAAECggEASUIHpV6jElFmIF5jmYWLVPqFbSLqanlgzy3Hv2hS7/7e
f28fVxVqKb64mOwo+6V3PSNTuw8c52CIcy4F6dUNRClZ52O5uacIUb0orLESSDPV
cYxi4m0fuaTfiYOOYFrCYsiacGSW+3ML2GkkWn3ZM0DIPutscnRUSEzI3papSSha
WCxqAEVCuhKCvzrmXguVuWZ+UUgkThBXrk9Px4dkbLe1oqO+xY1SRSnigEKOujxq
+VhC/XBSUn3niXk7RYFooHU2G0Au42Voe/HO4PKduFY5pJfbSnNlQ/srbcVkGaF+
JW7h2nkT5HsvSv5hr4PMrR1uAvfUPJbp0+Yse0SOmQKBgQDu2T4DSP/fhtwSidOW
KSQRthqld5BxEXUz+NDDkDByAt2V0UhUC4brPxnxzpEVQB/rH9TDXJG58MICAHhm
IvBzxk1JHabknKLlNnBqQ+zK5sRrr3EOtORJ2FCzR7Kpp4RWuQtnYIhPcg+9oYTp
FqcTdmZvNr03GoOuDwhoXDOT6QKBgQDDkT2c+CD7xk0wf7RHeWWTaieFuP8WttRu
dCYS2KBczjvv2AzuWjGyTFoeu1LIclZuDXiZpGLiz+JnqcFA7ssXSZeMafkQ9a6P
Ic9ceZDAxjFnCz6p/EajpvgtcaKDJIf/wP39YSgZUmWpPsOTkjS87MG6aOFHANvO
Bri4nHQkPwKBgGjyU2kmHiedHf2XSbzk/tA5b6Pc0T6dKR5Y6YHETUULNUmq11j2
Z6Xd6AxzcxQfROcO6XGdrvpAaz5t7nkSSQzVyQejW71/haOpM+O9TMIqe4vFXqvT
l6tKvMrJahtZW7CvRe96Xuppd7key0OPjIHkuEWNi742jD1ipZMVUCRhAoGAfDQD
42sa14wrfb+9KR+KSUND8oN5Tl2zMKsHezSlNAuuuTaHj+EsasZe/eGOQ8uJ5L8d
dsaWHuJUMe331FtUFGginYS4L/M4d6LLZTm3mxbETWMw2xhjbJAgUgw3X/6VePKC
3KcVpm9ULVa1M0XJxKrAprjxSfzbnE9chbKneFUCgYEApPdEZdzW/CLc97Dl7FCq
eyxUlOnaw5ZSJkP2J5e/D22PeKG+KHBUqgnoZ9PxPsKlVP/hgKsxv+ciRkrKErEX
7yRVt+LB5Souq1HB4hRkbVOC49pBvuNuQRvfea9nG9pXvdNJ3Oxr8QiKS9vcZpdZ
up44MnF52wScfxFvx/aJLcQ=
-----END PRIVATE KEY-----
`

const rsa = { name: 'maintainer@example.org-6920f1aa.rsa.pub', privateKey: RSA_KEY } as const

/** What a project is to be made with. */
export const OWN_KEYS = { signing: { kind: 'import', privateKey: OPENPGP_KEY, rsa } } as const

/** The same with a small OpenPGP key of its own, for tests that compare fingerprints or sign a lot. */
export const QUICK_KEYS = { signing: { kind: 'ed25519', rsa } } as const
